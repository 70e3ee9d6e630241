import type { Experiment, ExperimentResult, Variant } from '../api/experiment-types'
import type { Json } from '../api/types'
import type { MetricUnit } from '../api/registry-types'
import { formatShare } from '../format/number'
import { formatDifference, formatMetric, metricName } from '../performance/metrics'

const settingNames: [keyof Variant, string][] = [
  ['version', 'version'],
  ['model', 'model'],
  ['temperature', 'temperature'],
  ['token_limit', 'token limit'],
  ['top_p', 'top-p'],
  ['top_k', 'top-k'],
  ['parameters', 'parameters'],
]

/** "version 3, temperature 0.2"; '' of a variant that does nothing differently. */
export function sayChanges(variant: Variant): string {
  return settingNames
    .flatMap(([key, name]) => {
      const value = variant[key] as Json | undefined
      if (value === undefined || value === null || value === '') return []
      return [`${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`]
    })
    .join(', ')
}

/** The share of units that get it, of all that take part. Units of what is stopped get the control, which is the first. */
export function shareOf(variant: Variant, variants: Variant[]): number {
  const sum = (of: Variant[]) => of.reduce((total, each) => total + each.weight, 0)
  if (variant.stopped) return 0
  const stopped = variant === variants[0] ? sum(variants.filter((each) => each.stopped)) : 0
  return (variant.weight + stopped) / sum(variants)
}

/** "all users", "25 % of sessions". */
export function sayUnits({ share, unit }: Pick<Experiment, 'share' | 'unit'>): string {
  return share >= 1 ? `all ${unit}s` : `${formatShare(share)} of ${unit}s`
}

const rules: Record<Experiment['rule'], string> = {
  none: 'people decide',
  conclude_winner: 'ends by itself when it is sure',
  bandit: 'weights follow what is seen',
}

export function sayRule(rule: Experiment['rule']): string {
  return rules[rule]
}

/** An amount of a metric, as definitions have it: money is in the currency of the calls, whatever that is. */
export function sayAmount(metric: string, amount: number): string {
  const unit = unitOf(metric)
  return unit === 'money'
    ? `${formatMetric(amount, 'number')} in the currency of the calls`
    : formatDifference(amount, unit).replace('+', '')
}

/** "Duration, average: worse by at most 10 %". */
export function sayGuard({ metric, worse_by, relative }: Experiment['guards'][number]): string {
  return `${metricName(metric)}: worse by at most ${relative ? formatShare(worse_by) : sayAmount(metric, worse_by)}`
}

/** Of whoever says it; undefined: no variant does. */
export function currencyOf(result: Pick<ExperimentResult, 'variants'>, metric: string): string | undefined {
  for (const { primary, guards, also } of result.variants)
    for (const each of [primary, ...guards, ...also])
      if (each?.metric === metric && each.currency) return each.currency
  return undefined
}

/** In what a metric is measured, where its result is not there to say it. */
function unitOf(metric: string): MetricUnit {
  if (metric.endsWith('_rate')) return 'share'
  if (metric === 'duration' || metric === 'first_token') return 'ms'
  return metric === 'cost_per_call' ? 'money' : 'number'
}
