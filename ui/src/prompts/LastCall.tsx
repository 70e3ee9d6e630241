import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lastCallQuery } from '../api/prompt-queries'
import { FactSection } from '../call/Facts'
import { StatusMark } from '../components/Mark'
import { TimeText } from '../components/TimeText'

/** The newest call that was made with a version, and what came out; nothing where there is none. */
export function LastCall({ name, version }: { name: string; version: string }) {
  const { data: call } = useQuery(lastCallQuery(name, version))
  if (!call) return null
  return (
    <FactSection
      title="Last call"
      facts={[
        { label: 'Status', value: <StatusMark status={call.status} /> },
        {
          label: 'Began',
          value: (
            <Link
              to="/calls/$callId"
              params={{ callId: call.id }}
              search={{ 'prompt.name': name, 'prompt.version': version, range: 'all' }}
            >
              <TimeText at={call.started_at} />
            </Link>
          ),
        },
        { label: 'Model', value: call.model?.requested },
        { label: 'Output', value: call.preview?.answer },
        { label: 'Error', value: call.error?.message },
      ]}
    />
  )
}
