const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function formatCount(value: number): string {
  return integer.format(value)
}

/** A count that nobody may have told: then a dash, which is not the same as none. */
export function formatKnown(value: number | null | undefined): string {
  return value === undefined || value === null ? '—' : formatCount(value)
}

/** A share between 0 and 1 as a percentage: "0 %", "0.4 %", "12 %"; never "0 %" for something, or "100 %" for less. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent <= 0) return '0 %'
  if (percent >= 100) return '100 %'
  if (percent < 0.1) return '<0.1 %'
  if (percent > 99.9) return '>99.9 %'
  return percent < 10 || percent > 99 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
