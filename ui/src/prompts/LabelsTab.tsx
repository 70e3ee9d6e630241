import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { labelQuery } from '../api/prompt-queries'
import type { PromptLabel, RegisteredPrompt } from '../api/registry-types'
import { ProblemView } from '../components/ProblemView'
import { TimeText } from '../components/TimeText'
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
  const asked = (useSearch({ strict: false }) as SearchRecord).label
  const chosen =
    prompt.labels.find((each) => each.label === asked) ??
    prompt.labels.find((each) => each.label === 'production') ??
    prompt.labels[0]
  return (
    <div className={classes.scroll}>
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
            <LabelRow key={each.label} {...{ each, name: prompt.name, chosen, onChange: setChange }} />
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
      {chosen && <History key={chosen.label} name={prompt.name} label={chosen.label} />}
      {change && <LabelDialog prompt={prompt} change={change} onClose={() => setChange(null)} />}
    </div>
  )
}

interface RowProps {
  each: PromptLabel
  name: string
  chosen: PromptLabel | undefined
  onChange: (change: LabelChange) => void
}

function LabelRow({ each, name, chosen, onChange }: RowProps) {
  const { label } = each
  return (
    <tr data-here={label === chosen?.label || undefined}>
      <th scope="row">
        <Link
          to="/prompts/$promptName/labels"
          params={{ promptName: name }}
          search={{ label }}
          title={`The history of ${label}`}
          className={classes.label}
          aria-current={label === chosen?.label || undefined}
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
