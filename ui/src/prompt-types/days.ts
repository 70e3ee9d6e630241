import type { AggregateGroup } from '../api/types'

/** What came of one day. */
export interface Day {
  /** "2026-11-22", in the reader's own time. */
  date: string
  calls: number
  errors: number
  /** Exact, in the currency of the chart; undefined: no call of that day has a cost. */
  cost: string | undefined
}

/** The first moment of the day `count` - 1 days before that of `now`. */
export function firstOfDays(count: number, now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - count + 1)
}

/** Each of the last days, those without calls too. */
export function toDays(groups: AggregateGroup[], count: number, now: Date): Day[] {
  const told = new Map(groups.map((group) => [group.bucket?.slice(0, 10), group]))
  return Array.from({ length: count }, (_, index) => {
    const date = dateOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - count + 1 + index))
    const group = told.get(date)
    return { date, calls: group?.calls ?? 0, errors: group?.errors ?? 0, cost: group?.cost?.total }
  })
}

function dateOf(day: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`
}
