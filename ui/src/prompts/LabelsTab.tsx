import { Button, Skeleton } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { labelQuery, promptKey, protectLabel } from '../api/prompt-queries'
import type { PromptLabel, RegisteredPrompt } from '../api/registry-types'
import { Notice } from '../components/Notice'
import { ProblemView } from '../components/ProblemView'
import { TimeText } from '../components/TimeText'
import { readAuthorName } from '../state/author'
import type { SearchRecord } from '../state/list-state'
import { LabelChip } from './LabelChip'
import { LabelDialog, type LabelChange } from './LabelDialog'
import classes from './LabelsTab.module.css'
import { NotRegistered } from './NotRegistered'
import { usePrompt } from './use-prompt'

/** Where the labels stand, who moved them, and the way to move them. */
export function LabelsTab() {
  const { name, prompt, error, unregistered, refetch } = usePrompt()
  if (unregistered) return <NotRegistered name={name} />
  if (error && !prompt) return <ProblemView error={error} onRetry={() => void refetch()} />
  if (!prompt) return <Skeleton height={60} m={16} w="auto" aria-label="Loading the labels" />
  return <Labels prompt={prompt} />
}

function Labels({ prompt }: { prompt: RegisteredPrompt }) {
  const [change, setChange] = useState<LabelChange | null>(null)
  const [told, setTold] = useState('')
  const asked = (useSearch({ strict: false }) as SearchRecord).label
  const names = prompt.labels.map(({ label }) => label)
  // Also one that was taken away: it has its history yet.
  const chosen = asked || (names.includes('production') ? 'production' : names[0])
  return (
    <div className={classes.scroll}>
      {told && (
        <Notice tone="warn" onClose={() => setTold('')}>
          {told}
        </Notice>
      )}
      <table className={classes.table} aria-label="Labels">
        <thead>
          <tr>
            <th scope="col">Label</th>
            <th scope="col">Version</th>
            <th scope="col">Since</th>
            <th scope="col">
              <Button size="compact-xs" variant="default" onClick={() => setChange({ kind: 'move' })}>
                New label
              </Button>
            </th>
          </tr>
        </thead>
        <tbody>
          {prompt.labels.map((each) => (
            <LabelRow key={each.label} {...{ each, prompt, chosen, onChange: setChange, onTold: setTold }} />
          ))}
          <tr>
            <th scope="row">
              <LabelChip label="latest" />
            </th>
            <td>{prompt.latest?.version ?? '—'}</td>
            <td colSpan={2} className="dim">
              always the highest version; nobody moves it
            </td>
          </tr>
        </tbody>
      </table>
      {chosen && <History key={chosen} name={prompt.name} label={chosen} />}
      {change && <LabelDialog prompt={prompt} change={change} onClose={() => setChange(null)} />}
    </div>
  )
}

interface RowProps {
  each: PromptLabel
  prompt: RegisteredPrompt
  chosen: string | undefined
  onChange: (change: LabelChange) => void
  /** Why something was not done; '': it was. */
  onTold: (words: string) => void
}

function LabelRow({ each, prompt, chosen, onChange, onTold }: RowProps) {
  const { label } = each
  const { name } = prompt
  const queries = useQueryClient()
  const protecting = useMutation({
    meta: { done: `“${label}” was changed` },
    mutationFn: (on: boolean) =>
      protectLabel(name, label, { protected: on, by: readAuthorName() || undefined }, prompt.etag),
    onMutate: () => onTold(''),
    onSuccess: (answer) => queries.setQueryData(promptKey(name), answer),
    onError: (error) => {
      const problem = asProblem(error)
      onTold(
        problem.status === 412
          ? 'Somebody was faster, and nothing was changed. Here is how it is now.'
          : problem.detail || problem.title,
      )
    },
    onSettled: () => queries.invalidateQueries({ queryKey: promptKey(name) }),
  })
  return (
    <tr data-here={label === chosen || undefined}>
      <th scope="row">
        <Link
          to="/prompts/$promptName/labels"
          params={{ promptName: name }}
          search={{ label }}
          title={`The history of ${label}`}
          className={classes.label}
          aria-current={label === chosen || undefined}
        >
          <LabelChip label={label} locked={each.protected} />
        </Link>
      </th>
      <td>
        <VersionLink name={name} version={each.version} />
      </td>
      <td>
        <TimeText at={each.moved_at} />
      </td>
      <td>
        <span className={classes.actions}>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Move ${label}`}
            onClick={() => onChange({ kind: 'move', label })}
          >
            Move
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Roll back ${label}`}
            onClick={() => onChange({ kind: 'rollback', label })}
          >
            Roll back
          </Button>
          {each.version !== null && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Take ${label} away`}
              onClick={() => onChange({ kind: 'remove', label })}
            >
              Take away
            </Button>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            aria-label={`${each.protected ? 'Unprotect' : 'Protect'} ${label}`}
            title="A label that is protected moves only when that is said twice"
            loading={protecting.isPending}
            onClick={() => protecting.mutate(!each.protected)}
          >
            {each.protected ? 'Unprotect' : 'Protect'}
          </Button>
        </span>
      </td>
    </tr>
  )
}

function History({ name, label }: { name: string; label: string }) {
  const { data, error, refetch } = useQuery(labelQuery(name, label))
  return (
    <section aria-label={`History of ${label}`} className={classes.history}>
      <h2>
        Where <LabelChip label={label} /> stood
      </h2>
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={60} aria-label="Loading the history" />}
      {data && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">By</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {data.history.map((move, index) => (
              <tr key={index}>
                <td>
                  <TimeText at={move.at} />
                </td>
                <td>
                  <VersionLink name={name} version={move.from} />
                </td>
                <td>
                  <VersionLink name={name} version={move.to} />
                </td>
                <td>{move.by || <span className="dim">—</span>}</td>
                <td className={classes.why}>
                  {move.rollback && <em>rollback{move.reason && ': '}</em>}
                  {move.reason}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function VersionLink({ name, version }: { name: string; version: string | null }) {
  if (version === null) return <span className="dim">nowhere</span>
  return (
    <Link to="/prompts/$promptName" params={{ promptName: name }} search={{ version }}>
      {version}
    </Link>
  )
}
