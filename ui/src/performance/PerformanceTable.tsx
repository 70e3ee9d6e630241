import { Link } from '@tanstack/react-router'
import type { PerformanceAnswer, PromptPerformance } from '../api/registry-types'
import { Money } from '../components/Money'
import { TimeText } from '../components/TimeText'
import { formatCount, formatShare, plural } from '../format/number'
import { formatDuration } from '../format/time'
import { LabelChip } from '../prompts/LabelChip'
import type { ListState } from '../state/list-state'
import { formatMetric } from './metrics'
import classes from './PerformanceTable.module.css'
import { callsSearch } from './use-question'

interface Props {
  answer: PerformanceAnswer
  state: ListState
  from: string
}

interface Column {
  label: string
  title?: string
  /** What is shown. */
  cell: (of: PromptPerformance) => React.ReactNode
  /** For a bar below it; null: none. */
  size?: (of: PromptPerformance) => number | null
  /** On how many calls it stands, where not on all. */
  calls?: (of: PromptPerformance) => number
  /** What stands before that number: a share is "of", an average "from". */
  from?: string
}

const columns: Column[] = [
  {
    label: 'Success',
    title: 'Calls with status success, of all',
    cell: (of) => share(of.success_rate),
  },
  {
    label: 'Accepted',
    title: 'Of the calls that somebody judged',
    cell: (of) => share(of.feedback.acceptance_rate),
    calls: (of) => of.feedback.accepted + of.feedback.rejected + of.feedback.modified,
  },
  { label: 'Duration p50', cell: (of) => time(of.duration_ms.p50), size: (of) => of.duration_ms.p50 },
  { label: 'Duration p95', cell: (of) => time(of.duration_ms.p95), size: (of) => of.duration_ms.p95 },
  {
    label: 'First token p50',
    cell: (of) => time(of.first_token_ms.p50),
    size: (of) => of.first_token_ms.p50,
  },
  {
    label: 'Tokens in',
    title: 'Average of a call',
    cell: (of) => formatMetric(of.input_tokens.average, 'number'),
    size: (of) => of.input_tokens.average,
  },
  {
    label: 'Tokens out',
    title: 'Average of a call',
    cell: (of) => formatMetric(of.output_tokens.average, 'number'),
    size: (of) => of.output_tokens.average,
  },
  {
    label: 'Cost per call',
    cell: (of) =>
      of.cost_per_call === null ? (
        dash
      ) : (
        <Money amount={of.cost_per_call} currency={of.figures.cost.currency} />
      ),
    size: (of) => (of.cost_per_call === null ? null : Number(of.cost_per_call)),
  },
  { label: 'Cost', cell: cost },
  {
    label: 'Quality',
    title: 'Average of the score “quality”',
    cell: (of) => formatMetric(of.score.average, 'number'),
    calls: (of) => of.score.calls,
    from: 'from',
  },
  {
    label: 'Variables whole',
    title: 'Of the calls that say whether their prompt had all its variables',
    cell: (of) => share(of.data_quality.rate),
    calls: (of) => of.data_quality.complete + of.data_quality.incomplete,
  },
  { label: 'Last call', cell: (of) => <TimeText at={of.last_call ?? undefined} /> },
]

const dash = <span className="dim">—</span>

/** A row for each version, those with the most calls first, and one for all of them. */
export function PerformanceTable({ answer, state, from }: Props) {
  const { name, groups, all } = answer
  // A column that no call says anything for would be dashes only.
  const shown = columns.filter(
    (column) => column.calls?.(all) !== 0 && (!column.size || column.size(all) !== null),
  )
  const most = shown.map((column) => Math.max(0, ...groups.map((group) => column.size?.(group) ?? 0)))
  const mostCalls = Math.max(1, ...groups.map((group) => group.figures.calls))
  return (
    <div className={`${classes.frame} side-scroll`}>
      <table className={classes.table} aria-label="Performance by version">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Calls</th>
            {shown.map((column) => (
              <th key={column.label} scope="col" title={column.title}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => {
            const version = group.key['prompt.version']
            return (
              <tr key={version ?? ''}>
                <th scope="row">
                  <Version {...{ name, version, labels: answer.labels }} />
                </th>
                <td>
                  <Link to="/" search={callsSearch(name, version, state, from)} title="These calls">
                    {formatCount(group.figures.calls)}
                  </Link>
                  <Bar share={group.figures.calls / mostCalls} />
                </td>
                {shown.map((column, index) => (
                  <td key={column.label}>
                    <Cell column={column} of={group} most={most[index] ?? 0} />
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
        {groups.length > 1 && (
          <tfoot>
            <tr>
              <th scope="row">All</th>
              <td>
                <Link to="/" search={callsSearch(name, null, state, from)} title="These calls">
                  {formatCount(all.figures.calls)}
                </Link>
              </td>
              {shown.map((column) => (
                <td key={column.label}>
                  <Cell column={column} of={all} most={0} />
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
      {answer.truncated && (
        <p className="dim">These are the {formatCount(groups.length)} versions with the most calls.</p>
      )}
    </div>
  )
}

function Version({
  name,
  version,
  labels,
}: {
  name: string
  version: string | null
  labels: Record<string, string>
}) {
  if (version === null) return <span className="dim">no version</span>
  const own = Object.entries(labels).filter(([, at]) => at === version)
  return (
    <span className={classes.version}>
      <Link to="/prompts/$promptName" params={{ promptName: name }} search={{ version }}>
        {version}
      </Link>
      {own.map(([label]) => (
        <LabelChip key={label} label={label} />
      ))}
    </span>
  )
}

function Cell({ column, of, most }: { column: Column; of: PromptPerformance; most: number }) {
  const size = column.size?.(of) ?? null
  const calls = column.calls?.(of) ?? 0
  return (
    <>
      {column.cell(of)}
      {calls > 0 && (
        <span
          className={classes.of}
          title={`${plural(calls, 'call')} of ${formatCount(of.figures.calls)} say it`}
        >
          {' '}
          {column.from ?? 'of'} {formatCount(calls)}
        </span>
      )}
      {most > 0 && size !== null && <Bar share={size / most} />}
    </>
  )
}

function Bar({ share }: { share: number }) {
  return (
    <span className={classes.bar} aria-hidden="true">
      <span style={{ width: `${Math.min(100, share * 100)}%` }} />
    </span>
  )
}

function share(value: number | null) {
  return value === null ? dash : formatShare(value)
}

function time(millis: number | null) {
  return millis === null ? dash : formatDuration(millis)
}

function cost(of: PromptPerformance) {
  const { total, currency, totals, unpriced_calls: unpriced = 0 } = of.figures.cost
  const sums = Object.entries(totals ?? {})
  return (
    <>
      {sums.length > 0 ? (
        sums.map(([each, amount]) => (
          <div key={each}>
            <Money amount={amount} currency={each} />
          </div>
        ))
      ) : total !== undefined ? (
        <Money amount={total} currency={currency} />
      ) : (
        dash
      )}
      {unpriced > 0 && <span className={classes.unpriced}>+ {formatCount(unpriced)} unpriced</span>}
    </>
  )
}
