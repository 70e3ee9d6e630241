import { describe, expect, it } from 'vitest'
import type { Call, CallStatus } from '../api/types'
import { keepLive, kMaxLive, mergeCalls, type LiveCall } from './merge'

function call(id: string, second: number, status: CallStatus = 'success', name = ''): Call {
  return { id, status, name, started_at: `2026-11-20T10:00:${String(second).padStart(2, '0')}.000000001Z` }
}
const none = new Map<string, LiveCall>()
const ids = (calls: Call[]) => calls.map((c) => c.id)

describe('live calls', () => {
  it('come on top, newest first, without doubles', () => {
    const live = keepLive(none, [call('c', 3, 'running'), call('d', 4)], 1)
    expect(ids(mergeCalls([call('b', 2), call('a', 1)], 0, live))).toEqual(['d', 'c', 'b', 'a'])
    expect(ids(mergeCalls([call('c', 3), call('a', 1)], 0, live))).toEqual(['d', 'c', 'a'])
  })
  it('order by id where the times are equal, as the server does', () => {
    expect(ids(mergeCalls([call('a', 1), call('z', 1)], 0, keepLive(none, [call('m', 1)], 1)))).toEqual([
      'z',
      'm',
      'a',
    ])
  })
  it('order by nanoseconds and across offsets', () => {
    const early = { ...call('x', 0), started_at: '2026-11-20T11:00:05.000000001+01:00' }
    const late = { ...call('y', 0), started_at: '2026-11-20T10:00:05.000000002Z' }
    expect(ids(mergeCalls([early], 0, keepLive(none, [late], 1)))).toEqual(['y', 'x'])
  })
  it('are updated in place when they end, and never run again', () => {
    const ended = keepLive(keepLive(none, [call('a', 1, 'running')], 1), [call('a', 1)], 2)
    expect(mergeCalls([], 0, ended)[0]?.status).toBe('success')
    const late = keepLive(ended, [call('a', 1, 'running')], 3)
    expect(mergeCalls([], 0, late)[0]?.status).toBe('success')
  })
  it('yield to a page that knows the end, or is newer', () => {
    const running = keepLive(none, [call('a', 1, 'running')], 5)
    expect(mergeCalls([call('a', 1, 'interrupted')], 0, running)[0]?.status).toBe('interrupted')
    const told = keepLive(none, [call('a', 1, 'success', 'live')], 5)
    expect(mergeCalls([call('a', 1, 'success', 'page')], 9, told)[0]?.name).toBe('page')
    expect(mergeCalls([call('a', 1, 'success', 'page')], 1, told)[0]?.name).toBe('live')
  })
  it('stay bounded', () => {
    let map = none
    for (let i = 0; i < kMaxLive + 10; i += 5) {
      map = keepLive(
        map,
        Array.from({ length: 5 }, (_, j) => call(`c${i + j}`, 1)),
        i,
      )
    }
    expect(map.size).toBe(kMaxLive)
    expect(map.has('c0')).toBe(false)
  })
})
