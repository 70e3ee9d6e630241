import { describe, expect, it } from 'vitest'
import { epochMillis, epochNanos, formatClock, formatDay, formatDuration } from './time'

describe('record times', () => {
  it('keep nanoseconds and offsets', () => {
    const a = epochNanos('2026-11-20T10:00:00.123456789+01:00')
    const b = epochNanos('2026-11-20T09:00:00.123456788Z')
    expect(a! - b!).toBe(1n)
    expect(epochMillis('1970-01-01T00:00:00.5Z')).toBe(500)
  })
  it('are days where the server cut them', () => {
    expect(formatDay('2026-10-25T00:00:00.000000000+02:00')).toBe('25 Oct')
    expect(formatDay('2026-11-01T00:00:00Z')).toBe('1 Nov')
  })
  it('refuse what is not a time', () => {
    expect(epochNanos('')).toBeNull()
    expect(epochNanos('yesterday')).toBeNull()
    expect(epochNanos('2026-13-40T99:00:00Z')).toBeNull()
    expect(formatClock('yesterday')).toBe('yesterday')
  })
  it('are short where the day is clear', () => {
    const now = new Date(2026, 10, 20, 18, 0, 0)
    const at = (...parts: [number, number, number, number, number, number]) =>
      new Date(...parts).toISOString()
    expect(formatClock(at(2026, 10, 20, 9, 3, 7), now)).toBe('09:03:07')
    expect(formatClock(at(2026, 10, 19, 9, 3, 7), now)).toBe('19 Nov 09:03')
    expect(formatClock(at(2025, 0, 2, 9, 3, 7), now)).toBe('2 Jan 2025')
  })
})

describe('durations', () => {
  it('use the unit that fits, also where rounding carries over', () => {
    expect(formatDuration(0)).toBe('0 ms')
    expect(formatDuration(0.421)).toBe('0.42 ms')
    expect(formatDuration(9.999)).toBe('10 ms')
    expect(formatDuration(210.4)).toBe('210 ms')
    expect(formatDuration(999.6)).toBe('1.00 s')
    expect(formatDuration(2345)).toBe('2.35 s')
    expect(formatDuration(59_999)).toBe('1 m 00 s')
    expect(formatDuration(192_000)).toBe('3 m 12 s')
    expect(formatDuration(7_500_000)).toBe('2 h 05 m')
    expect(formatDuration(-5000)).toBe('-5.00 s')
  })
})
