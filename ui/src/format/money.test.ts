import { describe, expect, it } from 'vitest'
import { formatMoney, splitMoney, subtractMoney } from './money'

describe('money', () => {
  it('shows every digit that is there and no other', () => {
    expect(formatMoney('0.000008250000')).toBe('$0.00000825')
    expect(formatMoney('0.100000000000')).toBe('$0.10')
    expect(formatMoney('12')).toBe('$12.00')
    expect(formatMoney('1234567.891000000000')).toBe('$1,234,567.891')
    expect(formatMoney('0.000000000001')).toBe('$0.000000000001')
  })
  it('keeps amounts that a double would round', () => {
    expect(formatMoney('90071992547409931.123456789012')).toBe('$90,071,992,547,409,931.123456789012')
    expect(formatMoney('0.3000000000000000444')).toBe('$0.3000000000000000444')
  })
  it('names other currencies by their code', () => {
    expect(formatMoney('1.5', 'EUR')).toBe('EUR 1.50')
  })
  it('handles signs, leading zeros and zero', () => {
    expect(formatMoney('-0.0042')).toBe('-$0.0042')
    expect(formatMoney('-0.000')).toBe('$0.00')
    expect(formatMoney('007.10')).toBe('$7.10')
  })
  it('splits where the eye may stop reading', () => {
    expect(splitMoney('12.345678')).toMatchObject({ head: '12.34', tail: '5678' })
    expect(splitMoney('0.001234567')).toMatchObject({ head: '0.0012', tail: '34567' })
    expect(splitMoney('0.5')).toMatchObject({ head: '0.50', tail: '' })
  })
  it('subtracts without rounding', () => {
    expect(formatMoney(subtractMoney('0.000008250000', '0.000100000001')!)).toBe('-$0.000091750001')
    expect(formatMoney(subtractMoney('90071992547409931.5', '0.000000000001')!)).toBe(
      '$90,071,992,547,409,931.499999999999',
    )
    expect(formatMoney(subtractMoney('1', '1.000')!)).toBe('$0.00')
    expect(subtractMoney('1e-6', '1')).toBeNull()
  })
  it('shows what is not a decimal string as it came', () => {
    expect(splitMoney('1e-6')).toBeNull()
    expect(formatMoney('1e-6')).toBe('1e-6')
  })
})
