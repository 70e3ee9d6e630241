import type { CoursePoint } from '../api/experiment-types'

type Of = CoursePoint['variants'][number]

/**
 * How far the chart reaches to both sides of "no difference": what is known at the end, with room. Intervals of the
 * beginning are much wider; drawn whole, they would leave nothing to see of the end.
 */
export function reachOf(points: CoursePoint[], margin: number): number {
  const count = points[0]?.variants.length ?? 0
  let reach = margin
  for (let index = 0; index < count; index++) {
    const known = points.map((point) => point.variants[index]).filter((of): of is Of => of?.interval != null)
    const last = known.at(-1)
    for (const end of last?.interval ?? []) reach = Math.max(reach, Math.abs(end) * 1.35)
    for (const { difference } of known.slice(-Math.ceil(known.length / 2)))
      reach = Math.max(reach, Math.abs(difference ?? 0))
  }
  return reach * 1.08 || 1
}

/** The outline of the intervals of one variant, as points of an SVG polygon; '' where there is none. */
export function bandOf(
  points: CoursePoint[],
  variant: number,
  x: (index: number) => number,
  y: (difference: number) => number,
): string {
  const ends = points.flatMap((point, index) => {
    const interval = point.variants[variant]?.interval
    return interval ? [{ at: x(index), low: y(interval[0]), high: y(interval[1]) }] : []
  })
  const upper = ends.map(({ at, high }) => `${at},${high}`)
  const lower = ends.reverse().map(({ at, low }) => `${at},${low}`)
  return [...upper, ...lower].join(' ')
}
