import type { SearchRecord } from '../state/list-state'
import { rangeBounds, readTimeRange, writeTimeRange, type TimeRange } from '../state/time-range'

/** Which prompt types are looked at, and in what order; the address says it, under the API's own names. */
export interface TypeFilter {
  search: string
  /** Whether prompts and answers are kept; '': either. */
  track_full_data: '' | 'true' | 'false'
  is_active: '' | 'true' | 'false'
  /** When they were first called or set. */
  created: TimeRange
  order: string
}

const usualOrder = 'type'
const anyTime = 'all'

export function readTypeFilter(search: SearchRecord): TypeFilter {
  const flag = (text: string | undefined) => (text === 'true' || text === 'false' ? text : '')
  return {
    search: search.search ?? '',
    track_full_data: flag(search.track_full_data),
    is_active: flag(search.is_active),
    created: readTimeRange(search, anyTime),
    order: search.order ?? usualOrder,
  }
}

/** The inverse of readTypeFilter; what is usual is left out. */
export function writeTypeFilter({ created, order, ...rest }: TypeFilter): SearchRecord {
  const given = Object.entries(rest).filter(([, value]) => value !== '')
  return {
    ...Object.fromEntries(given),
    ...writeTimeRange(created, anyTime),
    ...(order !== usualOrder && { order }),
  }
}

export function isFiltered({ search, track_full_data, is_active, created }: TypeFilter): boolean {
  return search !== '' || track_full_data !== '' || is_active !== '' || created.range !== anyTime
}

/** As the API takes it; `now` anchors a relative time. */
export function typeParams({ created, ...rest }: TypeFilter, now: Date): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(rest)) if (value !== '') params.set(key, value)
  const { from, to } = rangeBounds(created, now)
  if (from) params.set('created_from', from)
  if (to) params.set('created_to', to)
  return params.toString()
}
