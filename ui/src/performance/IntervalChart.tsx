import type { CSSProperties } from 'react'
import type { MetricComparison } from '../api/registry-types'
import classes from './IntervalChart.module.css'
import { placeInterval } from './interval-scale'
import { formatDifference } from './metrics'

const percent = (share: number) => `${(share * 100).toFixed(2)}%`

/** The difference and its interval around "no difference"; the good side is tinted. */
export function IntervalChart({ of, confidence }: { of: MetricComparison; confidence: number }) {
  if (of.interval === null || of.difference === null) return null
  const place = placeInterval(of.interval, of.difference)
  const show = (value: number) => formatDifference(value, of.unit, of.currency)
  return (
    <div
      className={classes.chart}
      data-better={of.better}
      data-finding={of.finding}
      role="img"
      aria-label={`${Math.round(confidence * 1000) / 10} % interval from ${show(of.interval[0])} to ${show(of.interval[1])}`}
    >
      <span className={classes.zero} />
      <span
        className={classes.bar}
        style={{ left: percent(place.left), width: percent(Math.max(0.004, place.right - place.left)) }}
      />
      <span className={classes.dot} style={{ left: percent(place.dot) }} />
      <span
        className={classes.ends}
        style={{ '--middle': percent((place.left + place.right) / 2) } as CSSProperties}
      >
        {show(of.interval[0])} … {show(of.interval[1])}
      </span>
    </div>
  )
}
