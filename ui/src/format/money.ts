/** Money arrives as decimal strings ("0.000008250000") and stays one: no float ever touches it. */
export interface MoneyText {
  sign: '' | '-'
  /** "$", or a code and a space: "EUR ". */
  unit: string
  /** What the eye needs: grouped whole part and the leading decimals. */
  head: string
  /** The remaining exact digits; "" when the head is already the whole amount. */
  tail: string
}

const decimal = /^(-?)(\d+)(?:\.(\d+))?$/

/** Null for anything that is not a plain decimal string. */
export function splitMoney(amount: string, currency = 'USD'): MoneyText | null {
  const match = decimal.exec(amount.trim())
  if (!match) return null
  const whole = (match[2] ?? '0').replace(/^0+(?=\d)/, '')
  const fraction = (match[3] ?? '').replace(/0+$/, '').padEnd(2, '0')
  const isZero = whole === '0' && /^0*$/.test(fraction)
  const cut = headDigits(whole, fraction)
  return {
    sign: match[1] === '-' && !isZero ? '-' : '',
    unit: currency === 'USD' ? '$' : `${currency} `,
    head: `${group(whole)}.${fraction.slice(0, cut)}`,
    tail: fraction.slice(cut),
  }
}

/** The whole exact amount as one text; what is not a decimal string is shown as it came. */
export function formatMoney(amount: string, currency = 'USD'): string {
  const parts = splitMoney(amount, currency)
  return parts ? parts.sign + parts.unit + parts.head + parts.tail : amount
}

/** after − before, exactly; null if one of them is no decimal string. */
export function subtractMoney(after: string, before: string): string | null {
  const digits = 18
  const units = (amount: string) => {
    const match = decimal.exec(amount.trim())
    if (!match || (match[3] ?? '').length > digits) return null
    const whole = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(digits, '0'))
    return match[1] ? -whole : whole
  }
  const [a, b] = [units(after), units(before)]
  if (a === null || b === null) return null
  const delta = a - b
  const text = (delta < 0n ? -delta : delta).toString().padStart(digits + 1, '0')
  return `${delta < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** Two decimals, or for amounts below one as many as show two significant digits. */
function headDigits(whole: string, fraction: string): number {
  if (whole !== '0') return 2
  const firstDigit = fraction.search(/[1-9]/)
  return firstDigit < 0 ? 2 : Math.max(2, firstDigit + 2)
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',')
}
