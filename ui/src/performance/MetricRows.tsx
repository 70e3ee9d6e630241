import type { MetricComparison } from '../api/registry-types'
import { formatCount } from '../format/number'
import { FindingMark } from './FindingMark'
import { IntervalChart } from './IntervalChart'
import classes from './MetricRows.module.css'
import { formatDifference, formatMetric, metricName } from './metrics'

interface Props {
  a: string
  b: string
  metrics: MetricComparison[]
  confidence: number
}

/** Two versions, metric by metric: both values, the interval of their difference, and what that means. */
export function MetricRows({ a, b, metrics, confidence }: Props) {
  const told = metrics.filter((each) => each.finding !== 'unknown')
  const untold = metrics.filter((each) => each.finding === 'unknown')
  return (
    <>
      {told.length > 0 && (
        <table className={classes.table} aria-label={`Version ${b} compared with ${a}, by metric`}>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col" className={classes.value}>
                {a}
              </th>
              <th scope="col" className={classes.value}>
                {b}
              </th>
              <th scope="col" className={classes.chart}>
                less ← difference → more
              </th>
              <th scope="col">In words</th>
            </tr>
          </thead>
          <tbody>
            {told.map((each) => (
              <Row key={each.metric} of={each} confidence={confidence} />
            ))}
          </tbody>
        </table>
      )}
      {untold.length > 0 && (
        <p className={classes.untold}>
          Nothing can be said of:{' '}
          {untold.map((each) => `${metricName(each.metric)}${each.why ? ` (${each.why})` : ''}`).join('; ')}.
        </p>
      )}
    </>
  )
}

function Row({ of, confidence }: { of: MetricComparison; confidence: number }) {
  const value = (each: number | null, calls: number) => (
    <span title={`${formatCount(calls)} calls say it`}>{formatMetric(each, of.unit, of.currency)}</span>
  )
  return (
    <tr>
      <th scope="row">
        {metricName(of.metric)}
        <div>
          <FindingMark finding={of.finding} />
        </div>
      </th>
      <td className={classes.value}>{value(of.a, of.values_a)}</td>
      <td className={classes.value}>
        {value(of.b, of.values_b)}
        <div className="dim">{formatDifference(of.difference, of.unit, of.currency)}</div>
      </td>
      <td className={classes.chart}>
        <IntervalChart of={of} confidence={confidence} />
      </td>
      <td className={classes.words} title={details(of)}>
        {of.sentence}
      </td>
    </tr>
  )
}

const tests: Record<string, string> = {
  two_proportion_z: 'two-proportion test',
  fisher_exact: 'Fisher’s exact test',
  order_statistics: 'order statistics',
  welch: 'Welch’s test',
}

/** For those who know statistics. */
function details(of: MetricComparison): string {
  const p = (value: number | null) => (value === null ? '—' : value < 0.0001 ? '< 0.0001' : value.toFixed(4))
  return [
    of.test && `${tests[of.test] ?? of.test}: p ${p(of.p_value)}, corrected ${p(of.adjusted_p_value)}`,
    of.effect && of.effect_size !== null && `${of.effect.replaceAll('_', ' ')} ${of.effect_size.toFixed(3)}`,
    `${formatCount(of.values_a)} and ${formatCount(of.values_b)} calls say it`,
  ]
    .filter(Boolean)
    .join('\n')
}
