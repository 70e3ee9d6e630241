import { Skeleton } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { versionQuery } from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import { ProblemView } from '../components/ProblemView'
import { isInDialog } from '../state/in-dialog'
import type { SearchRecord } from '../state/list-state'
import { NotRegistered } from './NotRegistered'
import { usePrompt } from './use-prompt'
import { VersionList } from './VersionList'
import classes from './VersionsTab.module.css'
import { VersionView } from './VersionView'

/** The versions, and what one of them says. */
export function VersionsTab() {
  const { name, prompt, error, unregistered, refetch } = usePrompt()
  if (unregistered) return <NotRegistered name={name} />
  if (error && !prompt) return <ProblemView error={error} onRetry={() => void refetch()} />
  if (!prompt) return <Skeleton height={60} m={16} w="auto" aria-label="Loading the prompt" />
  return <Versions prompt={prompt} />
}

function Versions({ prompt }: { prompt: RegisteredPrompt }) {
  const { name } = prompt
  const versions = prompt.versions ?? []
  const asked = (useSearch({ strict: false }) as SearchRecord).version ?? ''
  const wanted = asked || usualVersion(prompt)
  const { data, error, refetch } = useQuery(versionQuery(name, wanted))
  const navigate = useNavigate()
  // The address may have a label, or "v3".
  const chosen = data?.version ?? wanted
  const at = versions.findIndex((each) => each.version === chosen)
  const move = (event: KeyboardEvent, by: number) => {
    const next = versions[Math.min(versions.length - 1, Math.max(0, at + by))]
    if (!next || next.version === chosen || isInDialog(event.target)) return
    void navigate({
      to: '/prompts/$promptName',
      params: { promptName: name },
      search: { version: next.version },
      replace: true,
    })
  }
  useHotkeys([
    ['j', (event) => move(event, 1)],
    ['k', (event) => move(event, -1)],
    ['ArrowDown', (event) => move(event, 1)],
    ['ArrowUp', (event) => move(event, -1)],
  ])
  return (
    <div className={classes.sides}>
      <VersionList name={name} versions={versions} chosen={chosen} />
      <div className={classes.version} key={chosen}>
        {error && !data ? (
          <ProblemView error={error} onRetry={() => void refetch()} />
        ) : data ? (
          <VersionView
            prompt={prompt}
            version={data}
            before={at < 0 ? undefined : versions[at + 1]?.version}
          />
        ) : (
          <Skeleton height={60} m={16} w="auto" aria-label="Loading the version" />
        )}
      </div>
    </div>
  )
}

/** What a program gets that asks for neither version nor label. */
function usualVersion(prompt: RegisteredPrompt): string {
  const production = prompt.labels.find((each) => each.label === 'production')?.version
  return production ?? prompt.latest?.version ?? 'latest'
}
