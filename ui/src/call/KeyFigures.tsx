import type { Call } from '../api/types'
import { Money } from '../components/Money'
import { markInput, markOutput } from '../format/estimated'
import { formatCount } from '../format/number'
import { formatDuration } from '../format/time'
import classes from './KeyFigures.module.css'

/** The handful of numbers that one looks for first. */
export function KeyFigures({ call }: { call: Call }) {
  const { duration_ms, time_to_first_token_ms } = call.time ?? {}
  const usage = call.usage
  return (
    <dl className={classes.figures}>
      <Figure label="Duration">{duration_ms === undefined ? '—' : formatDuration(duration_ms)}</Figure>
      {time_to_first_token_ms !== undefined && (
        <Figure label="First token">{formatDuration(time_to_first_token_ms)}</Figure>
      )}
      {usage?.input_tokens !== undefined && (
        <Figure
          label="Tokens in"
          note={usage.cache_read_tokens ? `${formatCount(usage.cache_read_tokens)} cached` : undefined}
        >
          {markInput(usage) + formatCount(usage.input_tokens)}
        </Figure>
      )}
      {usage?.output_tokens !== undefined && (
        <Figure
          label="Tokens out"
          note={usage.reasoning_tokens ? `${formatCount(usage.reasoning_tokens)} reasoning` : undefined}
        >
          {markOutput(usage) + formatCount(usage.output_tokens)}
        </Figure>
      )}
      {(call.cost?.total !== undefined || usage) && (
        <Figure
          label="Cost"
          note={usage?.estimated && call.cost?.total !== undefined ? 'estimated' : undefined}
        >
          {call.cost?.total === undefined ? (
            <span className="dim">unpriced</span>
          ) : (
            <Money amount={call.cost.total} currency={call.cost.currency} />
          )}
        </Figure>
      )}
      {call.response?.finish_reasons && call.response.finish_reasons.length > 0 && (
        <Figure label="Finish">{call.response.finish_reasons.join(', ')}</Figure>
      )}
    </dl>
  )
}

function Figure({ label, note, children }: { label: string; note?: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {children}
        {note && <span className={classes.note}>{note}</span>}
      </dd>
    </div>
  )
}
