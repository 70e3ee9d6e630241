import type { AggregateGroup } from '../api/types'
import { epochMillis } from '../format/time'
import type { ListState } from '../state/list-state'
import { rangeMinutes } from '../state/time-range'

export type BucketName = 'minute' | 'hour' | 'day'

export interface Bar {
  /** Epoch milliseconds, half-open. */
  from: number
  to: number
  calls: number
  errors: number
}

const widths: Record<BucketName, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }
const kMaxBars = 120
const kLeastBars = 14

export function bucketFor(state: ListState, from: string, to: string): BucketName {
  if (state.range === 'all') return 'day'
  const start = epochMillis(from)
  const minutes =
    state.range !== 'custom'
      ? rangeMinutes[state.range]
      : start === null
        ? Infinity
        : ((epochMillis(to) ?? Date.now()) - start) / widths.minute
  if (minutes <= rangeMinutes['6h']) return 'minute'
  return minutes <= rangeMinutes['7d'] ? 'hour' : 'day'
}

/**
 * The server's groups as bars without gaps over [from, to); where the range is open, over what there is, at
 * least 14 buckets of it. More than 120 are folded into wider ones. All of a view's buckets share one offset, so they have one width.
 */
export function toBars(
  groups: AggregateGroup[],
  bucket: BucketName,
  from: number | null,
  to: number | null,
): Bar[] {
  const width = widths[bucket]
  const known = groups
    .map((group) => ({
      start: epochMillis(group.bucket),
      calls: group.calls ?? 0,
      errors: group.errors ?? 0,
    }))
    .filter((each): each is { start: number; calls: number; errors: number } => each.start !== null)
  const anchor = known[0]?.start
  if (anchor === undefined) return []
  const starts = known.map((each) => each.start)
  const slotOf = (time: number) => Math.floor((time - anchor) / width)
  const last = Math.max(slotOf(Math.max(...starts)), to === null ? -Infinity : slotOf(to - 1))
  const first = Math.min(slotOf(Math.min(...starts)), from === null ? last - kLeastBars + 1 : slotOf(from))
  const fold = Math.ceil((last - first + 1) / kMaxBars)
  const bars: Bar[] = []
  for (let slot = first; slot <= last; slot += fold) {
    const start = anchor + slot * width
    bars.push({ from: start, to: start + fold * width, calls: 0, errors: 0 })
  }
  for (const each of known) {
    const bar = bars[Math.floor((slotOf(each.start) - first) / fold)]
    if (!bar) continue
    bar.calls += each.calls
    bar.errors += each.errors
  }
  return bars
}
