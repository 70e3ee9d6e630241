import type { Call, Json, JsonObject, Message } from '../api/types'
import { whyWithheld } from '../format/withheld'

/** What POST /api/v1/replay takes beside the call's id; what is left out stays as it was recorded. */
export interface ReplayChange {
  model?: string
  system?: string
  prompt?: string
  /** Null removes a parameter. */
  set?: JsonObject
  /** The whole request's body in the place of the recorded one. */
  request?: JsonObject
}

/** The form's fields. A parameter's value is JSON as text; what is no JSON counts as a word. */
export interface ReplayDraft {
  model: string
  system: string
  prompt: string
  parameters: { name: string; value: string }[]
}

const replayable = new Set(['chat', 'completion', 'vision', 'intent'])

/** Whether such a call can be replayed at all; of those that can, `obstacle` says what may still be in the way. */
export function canBeReplayed(call: Call): boolean {
  return replayable.has(call.kind ?? '')
}

/** In plain words what keeps this call from being sent again; null: nothing. */
export function obstacle(call: Call): string | null {
  if (call.status === 'running') return 'The call is still under way. It can be replayed once it has ended.'
  if (call.raw?.request !== undefined) return null
  const withheld = whyWithheld(call)
  if (withheld !== null)
    return `Prompt and answer of this call are not kept, ${withheld}, so there is nothing to send again.`
  return 'The exact request of this call is not on the record, so it cannot be sent again. Requests are kept while the setting gateway.keep_raw is “request” or “all”, until retention removes them.'
}

/** The recorded request as the form shows it. */
export function draftOf(call: Call): ReplayDraft {
  return {
    model: call.model?.requested ?? '',
    system: systemText(call),
    prompt: textOf(lastUserMessage(call)),
    parameters: Object.entries(parametersOf(call)).map(([name, value]) => ({
      name,
      value: JSON.stringify(value),
    })),
  }
}

/** The draft with these changes made to it: what the address carries becomes the form again. */
export function withChange(draft: ReplayDraft, change: ReplayChange): ReplayDraft {
  const set = change.set ?? {}
  const known = draft.parameters
    .filter(({ name }) => set[name] !== null)
    .map(({ name, value }) => ({ name, value: name in set ? JSON.stringify(set[name]) : value }))
  const added = Object.entries(set)
    .filter(([name, value]) => value !== null && !draft.parameters.some((each) => each.name === name))
    .map(([name, value]) => ({ name, value: JSON.stringify(value) }))
  return {
    model: change.model ?? draft.model,
    system: change.system ?? draft.system,
    prompt: change.prompt ?? draft.prompt,
    parameters: [...known, ...added],
  }
}

/** Only what differs from the recorded request: the rest is sent byte for byte as it was. */
export function changeOf(call: Call, draft: ReplayDraft): ReplayChange {
  const was = draftOf(call)
  const change: ReplayChange = {}
  const model = draft.model.trim()
  if (model !== '' && model !== was.model) change.model = model
  if (draft.system !== was.system) change.system = draft.system
  if (draft.prompt !== was.prompt) change.prompt = draft.prompt
  const set: JsonObject = {}
  const named = draft.parameters.filter(({ name }) => name.trim() !== '')
  for (const { name, value } of named) {
    const before = was.parameters.find((each) => each.name === name.trim())
    if (before?.value !== value) set[name.trim()] = value.trim() === '' ? null : jsonOrWord(value)
  }
  for (const { name } of was.parameters) {
    if (!named.some((each) => each.name.trim() === name)) set[name] = null
  }
  if (Object.keys(set).length > 0) change.set = set
  return change
}

export function isEmpty(change: ReplayChange): boolean {
  return Object.keys(change).length === 0
}

const addressLimit = 6000

/** For the address; "" where it would be too long for one: then the form alone holds it. */
export function writeChange(change: ReplayChange): string {
  if (isEmpty(change)) return ''
  const text = JSON.stringify(change)
  return encodeURIComponent(text).length > addressLimit ? '' : text
}

/** What is no change of ours is left out: addresses are typed by people, too. */
export function readChange(text: string | undefined): ReplayChange {
  const change: ReplayChange = {}
  try {
    const value = asObject(JSON.parse(text ?? '{}') as Json)
    for (const name of ['model', 'system', 'prompt'] as const) {
      const words = value[name]
      if (typeof words === 'string') change[name] = words
    }
    const set = asObject(value.set ?? null)
    if (Object.keys(set).length > 0) change.set = set
  } catch {
    return {}
  }
  return change
}

/** The messages before the last of the user, which are sent as they were. */
export function earlierMessages(call: Call): Message[] {
  const messages = call.request?.messages ?? []
  const last = lastUserMessage(call)
  return messages.filter((message) => message !== last && !isSystem(message))
}

/** Gemini's stand one level deeper. */
export function parametersOf(call: Call): JsonObject {
  const { generationConfig, ...others } = call.request?.parameters ?? {}
  return generationConfig === undefined ? others : { ...asObject(generationConfig), ...others }
}

export function systemText(call: Call): string {
  return call.request?.system ?? textOf(call.request?.messages?.find(isSystem))
}

export function lastUserMessage(call: Call): Message | undefined {
  return call.request?.messages?.findLast(
    (message) =>
      (message.role ?? 'user') === 'user' && (message.parts ?? []).some((part) => part.type === 'text'),
  )
}

export function textOf(message: Message | undefined): string {
  return (message?.parts ?? [])
    .filter((part) => part.type === 'text')
    .map((part) => part.text ?? '')
    .join('')
}

function isSystem(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer'
}

function jsonOrWord(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text.trim()
  }
}

function asObject(value: Json): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
}
