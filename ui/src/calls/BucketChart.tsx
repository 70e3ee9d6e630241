import { Skeleton } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useRef, useState } from 'react'
import { plural } from '../format/number'
import { formatClock } from '../format/time'
import classes from './BucketChart.module.css'
import type { Bar } from './buckets'

const height = 46

interface Props {
  bars: Bar[]
  loading: boolean
  /** A bar was clicked, or a range was drawn with the pointer. */
  onPick: (from: number, to: number) => void
}

/** Calls over time, failed ones in red at the foot; click or drag to look at that time only. */
export function BucketChart({ bars, loading, onPick }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const [hover, setHover] = useState<number | null>(null)
  const pressed = useRef<number | null>(null)
  const most = Math.max(1, ...bars.map((bar) => bar.calls))
  const step = bars.length > 0 ? width / bars.length : 0
  const gap = step > 6 ? 2 : step > 3 ? 1 : 0
  const tall = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * (height - 2)))
  const indexAt = (event: React.PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect()
    return Math.min(bars.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / step)))
  }
  const span =
    hover === null
      ? null
      : pressed.current === null
        ? [hover, hover]
        : [Math.min(hover, pressed.current), Math.max(hover, pressed.current)]
  const pointed = span ? bars.slice(span[0], (span[1] ?? 0) + 1) : []

  return (
    <div className={classes.chart} ref={ref}>
      {loading && <Skeleton height={height} aria-label="Loading the calls over time" />}
      {!loading && bars.length === 0 && <p className={classes.none}>no calls in this time</p>}
      {bars.length > 0 && width > 0 && (
        <>
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`Calls over time: ${plural(
              bars.reduce((sum, bar) => sum + bar.calls, 0),
              'call',
            )} in ${bars.length} steps`}
            onPointerMove={(event) => setHover(indexAt(event))}
            onPointerLeave={() => {
              setHover(null)
              pressed.current = null
            }}
            onPointerDown={(event) => {
              pressed.current = indexAt(event)
            }}
            onPointerUp={() => {
              if (pointed.length > 0) onPick(pointed[0]!.from, pointed.at(-1)!.to)
              pressed.current = null
            }}
          >
            {span && (
              <rect
                x={span[0]! * step}
                y={0}
                width={(span[1]! - span[0]! + 1) * step}
                height={height}
                className={classes.hover}
              />
            )}
            {bars.map((bar, index) => {
              const all = tall(bar.calls)
              const bad = tall(bar.errors)
              return (
                <g key={bar.from}>
                  <rect
                    x={index * step}
                    y={height - all}
                    width={Math.max(1, step - gap)}
                    height={all}
                    className={classes.all}
                  />
                  {bad > 0 && (
                    <rect
                      x={index * step}
                      y={height - bad}
                      width={Math.max(1, step - gap)}
                      height={bad}
                      className={classes.bad}
                    />
                  )}
                </g>
              )
            })}
            <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} className={classes.base} />
          </svg>
          <div className={classes.foot}>
            {pointed.length > 0 ? <strong>{describe(pointed)}</strong> : <Ends bars={bars} />}
          </div>
        </>
      )}
    </div>
  )
}

function Ends({ bars }: { bars: Bar[] }) {
  return (
    <>
      <span>{clock(bars[0]!.from)}</span>
      <span>{clock(bars.at(-1)!.to)}</span>
    </>
  )
}

function describe(bars: Bar[]): string {
  const calls = bars.reduce((sum, bar) => sum + bar.calls, 0)
  const errors = bars.reduce((sum, bar) => sum + bar.errors, 0)
  const when = `${clock(bars[0]!.from)} – ${clock(bars.at(-1)!.to)}`
  return `${when} · ${plural(calls, 'call')}${errors > 0 ? ` · ${errors} failed` : ''}`
}

/** Without seconds: buckets begin on whole minutes. */
function clock(millis: number): string {
  return formatClock(new Date(millis).toISOString()).replace(/(:\d\d):\d\d$/, '$1')
}
