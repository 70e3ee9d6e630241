import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import type { MetricSeries, TrendsAnswer } from '../api/registry-types'
import { plural } from '../format/number'
import { epochMillis, formatDay } from '../format/time'
import { formatMetric, metricName } from './metrics'
import classes from './TrendChart.module.css'
import { runsOf, scaleOf, startsOf } from './trend-line'

const height = 84
const room = 5
/** So many versions are named in a chart; of more there are only the lines. */
const kNamed = 8

interface Props {
  series: MetricSeries
  days: TrendsAnswer['days']
  versions: TrendsAnswer['versions']
}

/** One metric, a point a day; where a version began, and where the level changed for good. */
export function TrendChart({ series, days, versions }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const [hover, setHover] = useState<number | null>(null)
  const { values, unit, currency, changes } = series
  const { low, high } = scaleOf(values, unit === 'share')
  const step = values.length > 1 ? (width - 2 * room) / (values.length - 1) : 0
  const x = (index: number) => room + index * step
  const y = (value: number) => height - room - ((value - low) / (high - low)) * (height - 2 * room)
  const show = (value: number | null) => formatMetric(value, unit, currency)
  const known = values.filter((value) => value !== null)
  const dayOf = (at: string) => days.findIndex((day) => epochMillis(day.begin) === epochMillis(at))
  const starts = startsOf(versions, days)
  const name = metricName(series.metric)
  return (
    <figure className={classes.chart}>
      <figcaption>
        <strong>{name}</strong>
        <span className="dim">
          {hover === null || values[hover] === undefined
            ? rangeOf(show(Math.min(...known)), show(Math.max(...known)))
            : `${formatDay(days[hover]?.begin ?? '')}: ${
                values[hover] === null ? 'no call says it' : show(values[hover])
              } · ${plural(days[hover]?.calls ?? 0, 'call')}`}
        </span>
      </figcaption>
      <div ref={ref} className={classes.frame}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`${name}, day by day: from ${show(known[0] ?? null)} to ${show(known.at(-1) ?? null)}${
              changes.length > 0 ? `, ${plural(changes.length, 'change')}` : ''
            }`}
            onPointerMove={(event) => {
              const box = event.currentTarget.getBoundingClientRect()
              const index = step > 0 ? Math.round((event.clientX - box.left - room) / step) : 0
              setHover(Math.min(values.length - 1, Math.max(0, index)))
            }}
            onPointerLeave={() => setHover(null)}
          >
            {starts.map(({ version, day }) => (
              <g key={version}>
                <line x1={x(day)} x2={x(day)} y1={0} y2={height} className={classes.start} />
                {starts.length <= kNamed && (
                  <text
                    x={x(day) + (day > values.length * 0.8 ? -3 : 3)}
                    y={9}
                    textAnchor={day > values.length * 0.8 ? 'end' : 'start'}
                    className={classes.version}
                  >
                    {version.length > 12 ? `${version.slice(0, 11)}…` : version}
                  </text>
                )}
                <title>{`version ${version} first called`}</title>
              </g>
            ))}
            <text x={room} y={height - 3} className={classes.version}>
              {show(low)}
            </text>
            {hover !== null && (
              <line x1={x(hover)} x2={x(hover)} y1={0} y2={height} className={classes.hover} />
            )}
            {runsOf(values).map((run) =>
              run.length === 1 ? (
                <circle
                  key={run[0]}
                  cx={x(run[0]!)}
                  cy={y(values[run[0]!]!)}
                  r={1.8}
                  className={classes.dot}
                />
              ) : (
                <polyline
                  key={run[0]}
                  points={run.map((index) => `${x(index)},${y(values[index]!)}`).join(' ')}
                  className={classes.line}
                />
              ),
            )}
            {changes.map((change) => {
              const day = dayOf(change.at)
              if (day < 0) return null
              const tone = change.worse === null ? 'neither' : change.worse ? 'worse' : 'better'
              return (
                <g key={change.at} data-tone={tone} className={classes.change}>
                  <title>{change.sentence}</title>
                  <line
                    x1={x(Math.max(0, day - 7))}
                    x2={x(day)}
                    y1={y(change.before)}
                    y2={y(change.before)}
                  />
                  <line
                    x1={x(day)}
                    x2={x(Math.min(values.length - 1, day + 7))}
                    y1={y(change.after)}
                    y2={y(change.after)}
                  />
                  <circle cx={x(day)} cy={y(change.after)} r={3.5} />
                </g>
              )
            })}
            {hover !== null && values[hover] !== null && values[hover] !== undefined && (
              <circle cx={x(hover)} cy={y(values[hover]!)} r={3} className={classes.dot} />
            )}
          </svg>
        )}
      </div>
      <div className={classes.ends}>
        <span>{formatDay(days[0]?.begin ?? '')}</span>
        <span>{formatDay(days.at(-1)?.begin ?? '')}</span>
      </div>
      {changes.map((change) => (
        <p key={change.at} className={classes.words}>
          {change.sentence}
        </p>
      ))}
    </figure>
  )
}

function rangeOf(least: string, most: string): string {
  return least === most ? least : `${least} – ${most}`
}
