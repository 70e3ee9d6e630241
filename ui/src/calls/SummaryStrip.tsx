import { Skeleton } from '@mantine/core'
import { asProblem } from '../api/problem'
import { Money } from '../components/Money'
import { formatCount, formatKnown, formatShare } from '../format/number'
import { formatDuration } from '../format/time'
import { newestFirst, type ListState } from '../state/list-state'
import { BucketChart } from './BucketChart'
import { SearchFigures } from './SearchFigures'
import classes from './SummaryStrip.module.css'
import type { SearchProgress } from './use-call-list'
import { useSummary } from './use-summary'

interface Props {
  state: ListState
  onChange: (state: ListState) => void
  search: SearchProgress | null
}

/** What the current filter adds up to, and when it happened. */
export function SummaryStrip({ state, onChange, search }: Props) {
  const { sums, bars, loadingBars, enabled } = useSummary(state)
  const all = sums.data?.groups[0]
  if (!enabled) {
    return (
      <section className={classes.strip} aria-label="Summary">
        <SearchFigures search={search} newestFirst={state.order === newestFirst} />
      </section>
    )
  }
  if (sums.error && !all) {
    return (
      <section className={classes.strip} aria-label="Summary">
        <span className="dim">No sums: {asProblem(sums.error).title}</span>
      </section>
    )
  }
  const loading = sums.isPending
  const unpriced = all?.cost?.unpriced_calls ?? 0
  const estimated = all?.cost?.estimated_calls ?? 0
  const notes = [
    ...(estimated > 0 ? [`${formatCount(estimated)} estimated`] : []),
    ...(unpriced > 0 ? [`+ ${formatCount(unpriced)} unpriced`] : []),
  ]
  return (
    <section className={classes.strip} aria-label="Summary" aria-busy={loading}>
      <dl className={classes.figures}>
        <Figure label="Calls" loading={loading}>
          {formatCount(all?.calls ?? 0)}
        </Figure>
        <Figure
          label="Error rate"
          loading={loading}
          note={all?.errors ? `${formatCount(all.errors)} failed` : undefined}
          bad={(all?.errors ?? 0) > 0}
        >
          {formatShare(all?.error_rate ?? 0)}
        </Figure>
        <Figure label="Tokens in" loading={loading}>
          {formatKnown(all?.calls ? all.input_tokens : 0)}
        </Figure>
        <Figure label="Tokens out" loading={loading}>
          {formatKnown(all?.calls ? all.output_tokens : 0)}
        </Figure>
        <Figure
          label="Cost"
          loading={loading}
          note={notes.length > 0 ? notes.join(', ') : undefined}
          noteTitle="Estimated: calls in the sum whose tokens Steno counted, because no usage was reported. Unpriced: calls whose model has no known price; they are not in the sum. Set one with “steno prices set”."
        >
          <Money amount={all?.cost?.total} currency={all?.cost?.currency} />
        </Figure>
        <Figure label="Duration p50" loading={loading}>
          {all?.duration_p50 == null ? '—' : formatDuration(all.duration_p50)}
        </Figure>
        <Figure label="p95" loading={loading}>
          {all?.duration_p95 == null ? '—' : formatDuration(all.duration_p95)}
        </Figure>
      </dl>
      <BucketChart
        bars={bars}
        loading={loadingBars}
        onPick={(from, to) =>
          onChange({
            ...state,
            range: 'custom',
            from: new Date(from).toISOString(),
            to: new Date(to).toISOString(),
          })
        }
      />
    </section>
  )
}

interface FigureProps {
  label: string
  loading: boolean
  note?: string
  noteTitle?: string
  bad?: boolean
  children: React.ReactNode
}

function Figure({ label, loading, note, noteTitle, bad, children }: FigureProps) {
  return (
    <div className={classes.figure}>
      <dt>{label}</dt>
      <dd data-bad={bad || undefined}>
        {loading ? <Skeleton height={14} width={54} my={4} /> : children}
        {note && !loading && (
          <span className={classes.note} title={noteTitle}>
            {note}
          </span>
        )}
      </dd>
    </div>
  )
}
