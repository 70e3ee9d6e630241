import { describe, expect, it } from 'vitest'
import { formatBytes, formatCount, formatKnown, formatShare, plural } from './number'

describe('numbers', () => {
  it('groups counts', () => {
    expect(formatCount(0)).toBe('0')
    expect(formatCount(1234567)).toBe('1,234,567')
  })
  it('tells what is not known from nothing', () => {
    expect(formatKnown(0)).toBe('0')
    expect(formatKnown(undefined)).toBe('—')
    expect(formatKnown(null)).toBe('—')
  })
  it('never rounds a share to nothing or to all', () => {
    expect(formatShare(0)).toBe('0 %')
    expect(formatShare(0.00001)).toBe('<0.1 %')
    expect(formatShare(0.024)).toBe('2.4 %')
    expect(formatShare(0.5)).toBe('50 %')
    expect(formatShare(0.9999)).toBe('>99.9 %')
    expect(formatShare(1)).toBe('100 %')
  })
  it('writes sizes in binary units', () => {
    expect(formatBytes(0)).toBe('0 B')
    expect(formatBytes(1023)).toBe('1023 B')
    expect(formatBytes(1536)).toBe('1.5 KiB')
    expect(formatBytes(1024 * 1024 - 1)).toBe('1.0 MiB')
  })
  it('counts things in words', () => {
    expect(plural(1, 'call')).toBe('1 call')
    expect(plural(2000, 'call')).toBe('2,000 calls')
    expect(plural(2, 'reply', 'replies')).toBe('2 replies')
  })
})
