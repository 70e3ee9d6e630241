/** Times of the record are RFC 3339 with up to nine decimals and the source's own offset; the page shows local time. */

const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/i

/** Nanoseconds since 1970, for exact order; null for what is not a time. */
export function epochNanos(text: string | undefined): bigint | null {
  const match = text ? rfc3339.exec(text) : null
  if (!match) return null
  const seconds = Date.parse(`${match[1]}${match[3]}`)
  if (Number.isNaN(seconds)) return null
  return BigInt(seconds) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}

export function epochMillis(text: string | undefined): number | null {
  const nanos = epochNanos(text)
  return nanos === null ? null : Number(nanos / 1_000_000n)
}

/** "14:03:22" today, "19 Nov 14:03" this year, "19 Nov 2025" before. */
export function formatClock(text: string, now: Date = new Date()): string {
  const millis = epochMillis(text)
  if (millis === null) return text
  const time = new Date(millis)
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  if (time.toDateString() === now.toDateString()) return clock
  const day = `${time.getDate()} ${months[time.getMonth()]}`
  return time.getFullYear() === now.getFullYear()
    ? `${day} ${clock.slice(0, 5)}`
    : `${day} ${time.getFullYear()}`
}

/** "19 Nov": the day on which a moment is in its own offset, as the server cut the days. */
export function formatDay(text: string): string {
  const match = /^\d{4}-(\d\d)-(\d\d)/.exec(text)
  return match ? `${Number(match[2])} ${months[Number(match[1]) - 1] ?? ''}` : text
}

/** The whole truth for a tooltip: local date and time with zone, then the text as recorded. */
export function describeTime(text: string): string {
  const millis = epochMillis(text)
  if (millis === null) return text
  return `${formatLocal(millis)}\nrecorded as ${text}`
}

export function formatLocal(millis: number): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const local = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    timeZoneName: 'longOffset',
  }).format(millis)
  return `${local} (${zone})`
}

/** "0.42 ms", "210 ms", "2.35 s", "3 m 12 s", "2 h 05 m". */
export function formatDuration(millis: number): string {
  if (millis < 0) return `-${formatDuration(-millis)}`
  if (millis === 0) return '0 ms'
  if (millis < 9.995) return `${millis.toFixed(2)} ms`
  if (millis < 999.5) return `${Math.round(millis)} ms`
  if (millis < 59_995) return `${(millis / 1000).toFixed(2)} s`
  const seconds = Math.round(millis / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`
  const minutes = Math.round(seconds / 60)
  return `${formatHours(Math.floor(minutes / 60))} h ${two(minutes % 60)} m`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function formatHours(hours: number): string {
  return new Intl.NumberFormat('en-US').format(hours)
}
