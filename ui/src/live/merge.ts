import type { Call } from '../api/types'
import { epochNanos } from '../format/time'

/** A call as the live stream told it, and when it did (performance.now()). */
export interface LiveCall {
  call: Call
  at: number
}

/** How many live calls are kept beside the fetched pages; older ones are found by paging again. */
export const kMaxLive = 2000

/** The map with one more live call: an end replaces a beginning, a beginning never replaces an end. */
export function keepLive(
  map: ReadonlyMap<string, LiveCall>,
  calls: Call[],
  at: number,
): Map<string, LiveCall> {
  const next = new Map(map)
  for (const call of calls) {
    const known = next.get(call.id)
    if (known && known.call.status !== 'running' && call.status === 'running') continue
    next.delete(call.id)
    next.set(call.id, { call, at })
  }
  for (const id of next.keys()) {
    if (next.size <= kMaxLive) break
    next.delete(id)
  }
  return next
}

/**
 * Fetched pages and live calls as one list without doubles, newest first. Where both know a call, an ended one beats
 * a running one, and otherwise the later news wins.
 */
export function mergeCalls(pages: Call[], fetchedAt: number, live: ReadonlyMap<string, LiveCall>): Call[] {
  if (live.size === 0) return pages
  const merged = new Map<string, Call>()
  for (const call of pages) merged.set(call.id, call)
  for (const [id, news] of live) {
    const fetched = merged.get(id)
    if (!fetched || prefersLive(fetched, news, fetchedAt)) merged.set(id, news.call)
  }
  return [...merged.values()]
    .map((call) => ({ call, nanos: startOf(call) }))
    .sort((a, b) => (a.nanos === b.nanos ? compareText(b.call.id, a.call.id) : a.nanos < b.nanos ? 1 : -1))
    .map((entry) => entry.call)
}

function prefersLive(fetched: Call, news: LiveCall, fetchedAt: number): boolean {
  const fetchedRuns = fetched.status === 'running'
  const liveRuns = news.call.status === 'running'
  if (fetchedRuns !== liveRuns) return fetchedRuns
  return news.at >= fetchedAt
}

/** Parsed once for each call object; thousands are merged with every batch of news. */
function startOf(call: Call): bigint {
  let nanos = starts.get(call)
  if (nanos === undefined) {
    nanos = epochNanos(call.started_at) ?? 0n
    starts.set(call, nanos)
  }
  return nanos
}
const starts = new WeakMap<Call, bigint>()

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
