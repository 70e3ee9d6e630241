import type { RegisteredPrompt } from '../api/registry-types'

/** What is looked for, under the API's own names. */
export interface PromptFilter {
  text: string
  tag: string
  label: string
  archived: boolean
}

export interface PromptUse {
  calls: number
  lastCall: string | null
}

export interface PromptRow {
  name: string
  /** Null: only calls name it. */
  prompt: RegisteredPrompt | null
  /** Undefined: not known. */
  use: PromptUse | undefined
}

interface Known {
  listed: RegisteredPrompt[]
  archived: RegisteredPrompt[]
  /** By prompt; null: not known yet. */
  uses: ReadonlyMap<string, PromptUse> | null
  /** `uses` has all that were used. */
  usesAreAll: boolean
}

/** The registry's prompts by name, then those that only calls name, the most used first. */
export function promptRows({ listed, archived, uses, usesAreAll }: Known, filter: PromptFilter): PromptRow[] {
  const nothing = uses && usesAreAll ? { calls: 0, lastCall: null } : undefined
  const registered = (filter.archived ? archived : listed)
    .filter((prompt) => fits(prompt, filter))
    .map((prompt) => ({ name: prompt.name, prompt, use: uses?.get(prompt.name) ?? nothing }))
  if (filter.tag || filter.label || filter.archived) return registered
  const names = new Set([...listed, ...archived].map((prompt) => prompt.name))
  const onlyCalled = [...(uses ?? [])]
    .filter(([name]) => !names.has(name) && holds(name, filter.text))
    .sort(([, a], [, b]) => b.calls - a.calls)
    .map(([name, use]) => ({ name, prompt: null, use }))
  return [...registered, ...onlyCalled]
}

function fits(prompt: RegisteredPrompt, { text, tag, label }: PromptFilter): boolean {
  const words = [prompt.name, prompt.description, prompt.latest?.goal ?? '']
  return (
    (text === '' || words.some((each) => holds(each, text))) &&
    (tag === '' || prompt.tags.includes(tag)) &&
    (label === '' || prompt.labels.some((each) => each.label === label && each.version !== null))
  )
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase())
}
