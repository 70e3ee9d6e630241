import { ActionIcon, SegmentedControl, Skeleton, Tooltip } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconArrowsExchange } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { diffQuery } from '../api/prompt-queries'
import type { RegisteredPrompt, VersionFacts } from '../api/registry-types'
import { ProblemView } from '../components/ProblemView'
import type { SearchRecord } from '../state/list-state'
import { DiffFields } from './DiffFields'
import classes from './DiffTab.module.css'
import { DiffText } from './DiffText'
import { byWeight } from './field-names'
import { NotRegistered } from './NotRegistered'
import { usePrompt } from './use-prompt'
import { VersionSelect } from './VersionSelect'

/** Two versions beside each other: what the one says and the other does not. */
export function DiffTab() {
  const { name, prompt, error, unregistered, refetch } = usePrompt()
  if (unregistered) return <NotRegistered name={name} />
  if (error && !prompt) return <ProblemView error={error} onRetry={() => void refetch()} />
  if (!prompt) return <Skeleton height={60} m={16} w="auto" aria-label="Loading the prompt" />
  if (prompt.version_count < 2) return <p className={classes.none}>There is one version; a diff needs two.</p>
  return <Diff prompt={prompt} />
}

function Diff({ prompt }: { prompt: RegisteredPrompt }) {
  const search = useSearch({ strict: false }) as SearchRecord
  const navigate = useNavigate()
  const versions = prompt.versions ?? []
  const to = search.to || versions[0]?.version || ''
  const from = search.from || usualFrom(prompt, to)
  const narrow = useMediaQuery('(max-width: 800px)', false, { getInitialValueInEffect: false })
  const view = search.view === 'one' || narrow ? 'one' : 'sides'
  const { data, error, refetch, isPlaceholderData } = useQuery(diffQuery(prompt.name, from, to))
  const go = (next: SearchRecord) =>
    void navigate({
      to: '/prompts/$promptName/diff',
      params: { promptName: prompt.name },
      search: { ...search, from, to, ...next },
      replace: true,
    })
  return (
    <div className={classes.scroll}>
      <div className={classes.choice}>
        <VersionSelect
          label="From"
          className={classes.version}
          versions={versions}
          value={numberOf(versions, from, data?.from)}
          onChange={(from) => go({ from })}
        />
        <Tooltip label="The other way round">
          <ActionIcon aria-label="The other way round" onClick={() => go({ from: to, to: from })} mb={3}>
            <IconArrowsExchange size={16} />
          </ActionIcon>
        </Tooltip>
        <VersionSelect
          label="To"
          className={classes.version}
          versions={versions}
          value={numberOf(versions, to, data?.to)}
          onChange={(to) => go({ to })}
        />
        {!narrow && (
          <SegmentedControl
            size="xs"
            ml="auto"
            aria-label="How to show the texts"
            value={view}
            onChange={(view) => go({ view })}
            data={[
              { value: 'sides', label: 'Side by side' },
              { value: 'one', label: 'In one text' },
            ]}
          />
        )}
      </div>
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={60} m={16} w="auto" aria-label="Comparing" />}
      {data && (
        <div className={classes.body} aria-busy={isPlaceholderData}>
          {data.same && (
            <p className={classes.none}>
              {data.from === data.to
                ? 'Twice the same version.'
                : `Versions ${data.from} and ${data.to} say the same.`}
            </p>
          )}
          <DiffFields difference={data} />
          {data.texts.toSorted(byWeight).map((text) => (
            <DiffText key={text.field} text={text} from={data.from} to={data.to} view={view} />
          ))}
        </div>
      )}
    </div>
  )
}

/** What was asked for; where that is a label, what it was taken for. */
function numberOf(versions: VersionFacts[], asked: string, told: string | undefined): string {
  return versions.some((each) => each.version === asked) ? asked : (told ?? '')
}

/** What is in production; where that is what is looked at, the version before. */
function usualFrom(prompt: RegisteredPrompt, to: string): string {
  const versions = prompt.versions ?? []
  const production = prompt.labels.find((each) => each.label === 'production')?.version
  if (production && production !== to) return production
  const at = versions.findIndex((each) => each.version === to)
  return versions[at + 1]?.version ?? versions.at(-1)?.version ?? to
}
