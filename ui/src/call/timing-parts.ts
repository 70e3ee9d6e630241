import type { CallTime } from '../api/types'

export interface TimingPart {
  name: 'queued' | 'waiting' | 'receiving'
  label: string
  millis: number
}

/**
 * The duration cut into what is known of it. Queueing counts within the duration, the first token is measured from the
 * call's begin; numbers that contradict each other are clipped rather than drawn outside the bar.
 */
export function timingParts(time: CallTime | undefined): { parts: TimingPart[]; total: number } {
  const total = time?.duration_ms ?? 0
  const queued = Math.min(time?.queued_ms ?? 0, total)
  const first = time?.time_to_first_token_ms
  const parts: TimingPart[] = []
  if (queued > 0) parts.push({ name: 'queued', label: 'Queued', millis: queued })
  if (first === undefined) {
    if (total > queued) parts.push({ name: 'waiting', label: 'Until answered', millis: total - queued })
  } else {
    const firstAt = Math.min(Math.max(first, queued), total)
    if (firstAt > queued)
      parts.push({ name: 'waiting', label: 'Until first token', millis: firstAt - queued })
    if (total > firstAt) parts.push({ name: 'receiving', label: 'Receiving', millis: total - firstAt })
  }
  return { parts, total }
}
