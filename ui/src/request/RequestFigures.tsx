import type { RequestSummary } from '../api/types'
import { Money } from '../components/Money'
import { TimeText } from '../components/TimeText'
import { formatCount, formatKnown, plural } from '../format/number'
import { formatDuration } from '../format/time'
import classes from './RequestPage.module.css'

export function RequestFigures({ summary }: { summary: RequestSummary }) {
  const unpriced = summary.cost?.unpriced_calls ?? 0
  const estimated = summary.cost?.estimated_calls ?? 0
  const figures: [string, React.ReactNode][] = [
    [
      'Outcome',
      summary.success === undefined ? (
        '—'
      ) : summary.success ? (
        'Success'
      ) : (
        <span className={classes.bad}>Failed</span>
      ),
    ],
    ['Duration', summary.duration_ms === undefined ? '—' : formatDuration(summary.duration_ms)],
    ['Calls', `${formatCount(summary.calls ?? 0)} (${formatCount(summary.ai_calls ?? 0)} AI)`],
    ['Tokens in', formatKnown(summary.input_tokens)],
    ['Tokens out', formatKnown(summary.output_tokens)],
    [
      'Cost',
      <>
        <Money amount={summary.cost?.total} currency={summary.cost?.currency} />
        {estimated > 0 && <span className={classes.note}> {formatCount(estimated)} estimated</span>}
        {unpriced > 0 && <span className={classes.note}> + {plural(unpriced, 'unpriced call')}</span>}
      </>,
    ],
    ['Began', <TimeText at={summary.started_at} />],
    ['Agents', summary.agents?.join(', ')],
    ['Functions', summary.functions?.join(', ')],
  ]
  return (
    <dl className={classes.figures}>
      {figures.map(([label, value]) =>
        value ? (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  )
}
