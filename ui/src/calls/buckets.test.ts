import { describe, expect, it } from 'vitest'
import { readListState } from '../state/list-state'
import { bucketFor, toBars } from './buckets'

const hour = 3_600_000
const at = (text: string) => Date.parse(text)

describe('toBars', () => {
  const groups = [
    { bucket: '2026-11-20T10:00:00Z', calls: 5, errors: 1 },
    { bucket: '2026-11-20T13:00:00Z', calls: 2, errors: 0 },
  ]
  it('fills the gaps and the edges', () => {
    const bars = toBars(groups, 'hour', at('2026-11-20T08:30:00Z'), at('2026-11-20T14:10:00Z'))
    expect(bars.map((bar) => bar.calls)).toEqual([0, 0, 5, 0, 0, 2, 0])
    expect(bars[0]?.from).toBe(at('2026-11-20T08:00:00Z'))
    expect(bars.at(-1)?.to).toBe(at('2026-11-20T15:00:00Z'))
  })
  it('spans what there is where the range is open, and not too little', () => {
    const calls = toBars(groups, 'hour', null, null).map((bar) => bar.calls)
    expect(calls).toEqual([...Array(10).fill(0), 5, 0, 0, 2])
    expect(toBars([], 'hour', 0, hour)).toEqual([])
  })
  it('folds what would be too many, losing no call', () => {
    const many = Array.from({ length: 500 }, (_, i) => ({
      bucket: new Date(i * hour).toISOString(),
      calls: 1,
      errors: i % 2,
    }))
    const bars = toBars(many, 'hour', null, null)
    expect(bars.length).toBeLessThanOrEqual(120)
    expect(bars.reduce((sum, bar) => sum + bar.calls, 0)).toBe(500)
    expect(bars.reduce((sum, bar) => sum + bar.errors, 0)).toBe(250)
  })
  it('takes the server’s own boundaries, whatever the zone', () => {
    const bars = toBars(
      [{ bucket: '2026-11-19T23:00:00Z', calls: 1 }],
      'day',
      at('2026-11-18T12:00:00Z'),
      null,
    )
    expect(bars.map((bar) => new Date(bar.from).toISOString())).toEqual([
      '2026-11-17T23:00:00.000Z',
      '2026-11-18T23:00:00.000Z',
      '2026-11-19T23:00:00.000Z',
    ])
  })
})

describe('bucketFor', () => {
  const custom = (from: string, to: string) => bucketFor(readListState({ from, to }), from, to)
  it('fits the range', () => {
    expect(bucketFor(readListState({}), '', '')).toBe('hour')
    expect(bucketFor(readListState({ range: '1h' }), '', '')).toBe('minute')
    expect(bucketFor(readListState({ range: '30d' }), '', '')).toBe('day')
    expect(bucketFor(readListState({ range: 'all' }), '', '')).toBe('day')
    expect(custom('2026-11-20T08:00:00Z', '2026-11-20T12:00:00Z')).toBe('minute')
    expect(custom('2026-11-19T08:00:00Z', '2026-11-20T12:00:00Z')).toBe('hour')
    expect(custom('2026-01-20T08:00:00Z', '2026-11-20T12:00:00Z')).toBe('day')
  })
})
