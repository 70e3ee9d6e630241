import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import type { ExperimentResult } from '../api/experiment-types'
import { plural } from '../format/number'
import { epochMillis, formatClock } from '../format/time'
import { formatDifference, metricName } from '../performance/metrics'
import { bandOf, reachOf } from './course-scale'
import classes from './CourseChart.module.css'

const height = 132

interface Props {
  result: ExperimentResult
  /** Which of its variants; never the control. */
  variant: number
  margin: number
}

/** A variant's difference from the control as it was known over time, with its interval around "no difference". */
export function CourseChart({ result, variant, margin }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const [at, setAt] = useState<number | null>(null)
  const points = result.course
  const told = result.variants[variant]
  const metric = told?.primary
  if (!told || !metric || points.length === 0) return null
  const times = points.map((point) => epochMillis(point.at) ?? 0)
  const [begin, end] = [times[0] ?? 0, times.at(-1) ?? 0]
  const x = (index: number) =>
    end === begin ? width / 2 : (((times[index] ?? 0) - begin) / (end - begin)) * (width - 8) + 4
  const reach = reachOf(points, margin)
  const y = (difference: number) => height / 2 - (difference / reach) * (height / 2)
  const line = points.flatMap((point, index) => {
    const difference = point.variants[variant]?.difference
    return difference == null ? [] : [`${x(index)},${y(difference)}`]
  })
  // One point alone makes neither a line nor a band.
  const known = points.flatMap((point, index) => {
    const { difference, interval } = point.variants[variant] ?? {}
    return difference != null && interval ? [{ index, difference, interval }] : []
  })
  const only = known.length === 1 ? known[0] : undefined
  const show = (value: number) => formatDifference(value, metric.unit, metric.currency)
  const say = (index: number) => {
    const of = points[index]?.variants[variant]
    const when = formatClock(points[index]?.at ?? '')
    if (of?.difference == null) return `${when}: nothing known`
    return `${when}: ${show(of.difference)}${of.interval ? ` (${show(of.interval[0])} … ${show(of.interval[1])})` : ''}, ${plural(of.calls, 'call')}`
  }
  const last = points.length - 1
  const nearest = (clientX: number, left: number) => {
    let best = 0
    for (let index = 0; index <= last; index++)
      if (Math.abs(x(index) - (clientX - left)) < Math.abs(x(best) - (clientX - left))) best = index
    return best
  }
  const upIsGood = metric.better === 'higher'
  return (
    <figure className={classes.chart}>
      <figcaption>
        <strong>{told.name}</strong>
        <span className="dim">{say(at ?? last)}</span>
      </figcaption>
      <div
        ref={ref}
        className={classes.frame}
        role="img"
        aria-label={`${metricName(metric.metric)} of ${told.name} against the control, over time: at the end ${say(last)}`}
        tabIndex={0}
        onKeyDown={(event) => {
          const by = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
          if (by === 0) return
          event.preventDefault()
          setAt(Math.min(last, Math.max(0, (at ?? last) + by)))
        }}
        onBlur={() => setAt(null)}
      >
        {width > 0 && (
          <svg
            width={width}
            height={height}
            onPointerMove={(event) =>
              setAt(nearest(event.clientX, event.currentTarget.getBoundingClientRect().left))
            }
            onPointerLeave={() => setAt(null)}
          >
            {metric.better !== 'neither' && (
              <rect
                x={0}
                y={upIsGood ? 0 : height / 2}
                width={width}
                height={height / 2}
                className={classes.good}
              />
            )}
            {margin > 0 && (
              <rect
                x={0}
                y={y(margin)}
                width={width}
                height={y(-margin) - y(margin)}
                className={classes.margin}
              >
                <title>a difference in here would not matter</title>
              </rect>
            )}
            <polygon
              points={bandOf(points, variant, x, y)}
              className={classes.band}
              data-finding={metric.finding}
            />
            <line x1={0} x2={width} y1={height / 2} y2={height / 2} className={classes.zero} />
            <polyline points={line.join(' ')} className={classes.line} data-finding={metric.finding} />
            {at !== null && <line x1={x(at)} x2={x(at)} y1={0} y2={height} className={classes.hover} />}
            {only && (
              <g className={classes.line} data-finding={metric.finding}>
                <line
                  x1={x(only.index)}
                  x2={x(only.index)}
                  y1={y(only.interval[0])}
                  y2={y(only.interval[1])}
                />
                <circle cx={x(only.index)} cy={y(only.difference)} r={3} className={classes.dot} />
              </g>
            )}
            <text x={4} y={11} className={classes.words}>
              {show(reach)}
              {upIsGood ? ' better' : ''}
            </text>
            <text x={4} y={height / 2 - 4} className={classes.words}>
              no difference
            </text>
            <text x={4} y={height - 4} className={classes.words}>
              {show(-reach)}
              {metric.better === 'lower' ? ' better' : ''}
            </text>
          </svg>
        )}
      </div>
      <div className={classes.ends}>
        <span>{formatClock(points[0]?.at ?? '')}</span>
        <span>{formatClock(points[last]?.at ?? '')}</span>
      </div>
    </figure>
  )
}
