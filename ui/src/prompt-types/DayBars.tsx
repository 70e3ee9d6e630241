import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import { formatDay } from '../format/time'
import classes from './DayBars.module.css'

const height = 92

export interface DayBar {
  date: string
  /** For drawing alone. */
  size: number
  /** Of it, drawn in red at the foot. */
  bad: number
  words: string
}

/** A bar a day; what a day says is written above when the pointer or the keyboard is on it. */
export function DayBars({ bars, name, caption }: { bars: DayBar[]; name: string; caption: string }) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const [at, setAt] = useState<number | null>(null)
  const most = Math.max(...bars.map((bar) => bar.size), 0)
  const step = width / bars.length
  const gap = step > 6 ? 2 : step > 3 ? 1 : 0
  const tall = (size: number) => (size <= 0 || most <= 0 ? 0 : Math.max(1.5, (size / most) * (height - 2)))
  const pointed = at === null ? undefined : bars[at]
  const move = (by: number) => setAt(Math.min(bars.length - 1, Math.max(0, (at ?? bars.length) + by)))
  return (
    <figure className={classes.chart}>
      <figcaption aria-live="polite">
        {pointed ? `${formatDay(pointed.date)}: ${pointed.words}` : caption}
      </figcaption>
      <div
        ref={ref}
        className={classes.frame}
        role="img"
        aria-label={`${name}: ${caption}`}
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.key === 'ArrowLeft') move(-1)
          else if (event.key === 'ArrowRight') move(1)
          else return
          event.preventDefault()
        }}
        onBlur={() => setAt(null)}
      >
        {width > 0 && (
          <svg
            width={width}
            height={height}
            onPointerMove={(event) => {
              const box = event.currentTarget.getBoundingClientRect()
              setAt(Math.min(bars.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / step))))
            }}
            onPointerLeave={() => setAt(null)}
          >
            {at !== null && (
              <rect x={at * step} y={0} width={step} height={height} className={classes.hover} />
            )}
            {bars.map((bar, index) => {
              const wide = { x: index * step, width: Math.max(1, step - gap) }
              const all = tall(bar.size)
              const bad = tall(bar.bad)
              return (
                <g key={bar.date}>
                  <rect {...wide} y={height - all} height={all} className={classes.all} />
                  <rect {...wide} y={height - bad} height={bad} className={classes.bad} />
                </g>
              )
            })}
          </svg>
        )}
      </div>
      <div className={classes.ends}>
        <span>{formatDay(bars[0]?.date ?? '')}</span>
        <span>{formatDay(bars.at(-1)?.date ?? '')}</span>
      </div>
    </figure>
  )
}
