import type { Usage } from '../api/types'
import { formatKnown, formatShare } from '../format/number'
import { markInput, markOutput } from '../format/estimated'
import classes from './Tokens.module.css'

/** "3,480 → 212", with the share of the input that came from the provider’s cache before it. */
export function Tokens({ usage }: { usage: Usage | undefined }) {
  if (usage?.input_tokens === undefined && usage?.output_tokens === undefined) return null
  const cached = usage.cache_read_tokens ?? 0
  return (
    <span className={classes.tokens} title={describe(usage)}>
      {cached > 0 && (
        <span className={classes.cached}>
          {formatShare(cached / Math.max(cached, usage.input_tokens ?? 0))}
        </span>
      )}
      <span>{markInput(usage) + formatKnown(usage.input_tokens)}</span>
      <span className="dim">→</span>
      <span className={classes.out}>{markOutput(usage) + formatKnown(usage.output_tokens)}</span>
    </span>
  )
}

function describe(usage: Usage): string {
  const lines = [`input ${formatKnown(usage.input_tokens)}`]
  if (usage.cache_read_tokens) lines.push(`  of it read from cache ${formatKnown(usage.cache_read_tokens)}`)
  lines.push(`output ${formatKnown(usage.output_tokens)}`)
  if (usage.reasoning_tokens) lines.push(`  of it reasoning ${formatKnown(usage.reasoning_tokens)}`)
  if (usage.estimated) lines.push('~ counted by Steno; the provider did not report it')
  return lines.join('\n')
}
