import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { callQuery } from '../api/queries'
import { ProblemView } from '../components/ProblemView'
import { CallPanel } from './CallPanel'
import classes from './CallPanel.module.css'
import { PanelHeader } from './PanelHeader'
import { PanelSkeleton } from './PanelSkeleton'

/** One call, beside the list or over it. */
export function CallPanelRoute() {
  const id = useParams({ strict: false }).callId ?? ''
  const { data, error, refetch } = useQuery(callQuery(id))
  return (
    <aside className={classes.panel} aria-label="Call">
      {data ? (
        <CallPanel key={id} call={data} />
      ) : (
        <>
          <PanelHeader id={id} />
          {error ? <ProblemView error={error} onRetry={() => void refetch()} /> : <PanelSkeleton />}
        </>
      )}
    </aside>
  )
}
