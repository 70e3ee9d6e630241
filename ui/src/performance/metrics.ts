import type { MetricUnit } from '../api/registry-types'
import { formatCount } from '../format/number'
import { formatDuration } from '../format/time'

const names: Record<string, string> = {
  success_rate: 'Success',
  acceptance_rate: 'Accepted, of judged calls',
  complete_rate: 'Prompts with all variables',
  edit_distance: 'Edit distance',
  duration: 'Duration, average',
  first_token: 'First token, average',
  duration_p50: 'Duration, p50',
  duration_p95: 'Duration, p95',
  first_token_p50: 'First token, p50',
  cost_per_call: 'Cost per call',
  input_tokens: 'Tokens in, average',
  output_tokens: 'Tokens out, average',
  output_chars: 'Characters of the answer',
}

export function metricName(metric: string): string {
  return names[metric] ?? (metric.startsWith('score.') ? `Score ${metric.slice('score.'.length)}` : metric)
}

const significant = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })

/** A figure of statistics: three digits of money and numbers, for these are estimates, not sums. */
export function formatMetric(value: number | null, unit: MetricUnit, currency?: string | null): string {
  if (value === null) return '—'
  switch (unit) {
    case 'share':
      return `${(value * 100).toFixed(1)} %`
    case 'ms':
      return formatDuration(value)
    case 'money':
      return formatAmount(value, currency)
    default:
      return Math.abs(value) >= 100 ? formatCount(value) : significant.format(value)
  }
}

/** "+6.2 points", "-190 ms": always with its sign. */
export function formatDifference(value: number | null, unit: MetricUnit, currency?: string | null): string {
  if (value === null) return '—'
  const sign = value > 0 ? '+' : ''
  if (unit === 'share') return `${sign}${(value * 100).toFixed(1)} points`
  return sign + formatMetric(value, unit, currency)
}

function formatAmount(value: number, currency?: string | null): string {
  const unit = !currency || currency === 'USD' ? '$' : `${currency} `
  const size = Math.abs(value)
  const digits = size >= 1 ? size.toFixed(2) : significant.format(size)
  return `${value < 0 ? '-' : ''}${unit}${digits}`
}
