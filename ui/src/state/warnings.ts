import { useSyncExternalStore } from 'react'

/** What a change that was made has besides, for others: told until the reader has dismissed it, whatever page is open. */
export interface Warned {
  number: number
  /** What was done, as a sentence without its full stop. */
  done: string
  sentences: string[]
}

let told: readonly Warned[] = []
let last = 0
const listeners = new Set<() => void>()

function set(next: readonly Warned[]) {
  told = next
  for (const listener of listeners) listener()
}

/** The `warnings` of an answer, if it has any. */
export function tellWarnings(done: string, answer: unknown) {
  const sentences = warningsOf(answer)
  if (sentences.length > 0) set([...told, { number: ++last, done, sentences }])
}

export function dismissWarnings(number: number) {
  set(told.filter((each) => each.number !== number))
}

export function useWarnings(): readonly Warned[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => told,
  )
}

export function warningsOf(answer: unknown): string[] {
  if (answer === null || typeof answer !== 'object') return []
  const { warnings } = answer as { warnings?: unknown }
  return Array.isArray(warnings) ? warnings.filter((each) => typeof each === 'string') : []
}
