/** The stretch of time that a page looks at, as its address says it. */
export interface TimeRange {
  range: RangeName
  /** RFC 3339; only with range "custom", either may be empty. */
  from: string
  to: string
}

export const rangeMinutes = {
  '15m': 15,
  '1h': 60,
  '6h': 360,
  '24h': 1440,
  '7d': 10_080,
  '30d': 43_200,
} as const
export type RangeName = keyof typeof rangeMinutes | 'all' | 'custom'

export const timeRangeKeys = ['range', 'from', 'to']

/** `usual` is what an address means that says nothing. */
export function readTimeRange(search: Record<string, string>, usual: RangeName): TimeRange {
  const { range = '', from = '', to = '' } = search
  if (from || to) return { range: 'custom', from, to }
  return { range: isRange(range) && range !== 'custom' ? range : usual, from: '', to: '' }
}

/** The inverse of readTimeRange; the usual range is left out so that a plain view has a plain address. */
export function writeTimeRange({ range, from, to }: TimeRange, usual: RangeName): Record<string, string> {
  if (range === 'custom') return { ...(from && { from }), ...(to && { to }) }
  return range === usual ? {} : { range }
}

export function rangeBounds({ range, from, to }: TimeRange, now: Date): { from: string; to: string } {
  if (range === 'custom') return { from, to }
  if (range === 'all') return { from: '', to: '' }
  return { from: new Date(now.getTime() - rangeMinutes[range] * 60_000).toISOString(), to: '' }
}

/** As rangeBounds, but several days are whole days of the reader's own time, today's included, as statistics count them. */
export function dayBounds(range: TimeRange, now: Date): { from: string; to: string } {
  if (range.range !== '7d' && range.range !== '30d') return rangeBounds(range, now)
  const days = rangeMinutes[range.range] / 1440
  const from = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1)
  return { from: from.toISOString(), to: '' }
}

function isRange(value: string): value is RangeName {
  return value === 'all' || value === 'custom' || Object.hasOwn(rangeMinutes, value)
}
