import { fetchApi } from '../api/client'
import { asProblem, type Problem } from '../api/problem'
import type { Call } from '../api/types'
import { SseParser } from './sse-parser'

export interface LiveHandlers {
  onCall(call: Call): void
  /** The stream stands; `again` is true when this was not the first try, so that much may have been missed. */
  onOpen(again: boolean): void
  /** The server could not keep up with telling us; some calls have to be fetched. */
  onGap(): void
  onDown(problem: Problem): void
}

const firstRetryMs = 500
const lastRetryMs = 10_000
/** The server pings every 15 s; a line that is silent for three pings is dead. */
const silenceMs = 45_000

/**
 * Follows /api/v1/live until `signal` aborts, reconnecting with growing pauses. Uses fetch, not EventSource, because
 * that one can neither send an API key nor say why it was refused.
 */
export async function followLive(params: string, handlers: LiveHandlers, signal: AbortSignal): Promise<void> {
  let tries = 0
  let pause = firstRetryMs
  while (!signal.aborted) {
    try {
      await readStream(params, signal, handlers, () => {
        handlers.onOpen(tries > 0)
        pause = firstRetryMs
      })
    } catch (error) {
      if (signal.aborted) return
      handlers.onDown(asProblem(error))
    }
    tries++
    await delay(pause, signal)
    pause = Math.min(pause * 2, lastRetryMs)
  }
}

async function readStream(
  params: string,
  outer: AbortSignal,
  handlers: LiveHandlers,
  onOpen: () => void,
): Promise<void> {
  const watchdog = new AbortController()
  const signal = AbortSignal.any([outer, watchdog.signal])
  const response = await fetchApi(`/live?${params}`, { signal, headers: { accept: 'text/event-stream' } })
  if (!response.body) throw new Error('the live stream has no body')
  onOpen()
  const parser = new SseParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let timer = setTimeout(() => watchdog.abort(), silenceMs)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(timer)
      timer = setTimeout(() => watchdog.abort(), silenceMs)
      for (const event of parser.push(value)) {
        if (event.event === 'call') handlers.onCall(JSON.parse(event.data) as Call)
        else if (event.event === 'dropped') handlers.onGap()
      }
    }
  } finally {
    clearTimeout(timer)
    await reader.cancel().catch(() => undefined)
  }
}

function delay(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
