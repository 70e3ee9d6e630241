import type { PromptVariable, PromptVersion } from '../api/registry-types'
import { indentJson, memberTexts } from '../format/json'

export interface DraftMessage {
  role: string
  content: string
}

/** A variable that is declared; its default is a text where its type is string, else JSON. */
export interface DraftVariable {
  name: string
  type: string
  default: string
  required: boolean
  description: string
}

/** A version as its form has it: numbers and JSON as they were typed. */
export interface VersionDraft {
  kind: 'text' | 'messages'
  text: string
  messages: DraftMessage[]
  variables: DraftVariable[]
  goal: string
  model: string
  temperature: string
  top_p: string
  top_k: string
  token_limit: string
  parameters: string
  tools: string
  response_schema: string
  version: string
  notes: string
  author: string
  /** Separated by commas. */
  labels: string
}

export const variableTypes = ['string', 'number', 'integer', 'boolean', 'list', 'object']

export function emptyDraft(author: string): VersionDraft {
  return {
    kind: 'text',
    text: '',
    messages: [],
    variables: [],
    goal: '',
    model: '',
    temperature: '',
    top_p: '',
    top_k: '',
    token_limit: '',
    parameters: '',
    tools: '',
    response_schema: '',
    version: '',
    notes: '',
    author,
    labels: '',
  }
}

/**
 * A draft that says what a version says. `json` is the version as it was served: what is JSON in it keeps its digits,
 * which a parse would round.
 */
export function draftFrom(version: PromptVersion, json: string, author: string): VersionDraft {
  const raw = memberTexts(json)
  const jsonOf = (name: 'parameters' | 'tools' | 'response_schema') =>
    version[name] == null ? '' : indentJson(raw[name] ?? '')
  const numberOf = (name: 'temperature' | 'top_p' | 'top_k' | 'token_limit') =>
    version[name] == null ? '' : (raw[name] ?? '')
  const messages = version.messages ?? []
  return {
    ...emptyDraft(author),
    kind: messages.length > 0 ? 'messages' : 'text',
    text: version.text ?? '',
    messages: messages.map(({ role, content }) => ({ role, content })),
    variables: (version.variables ?? []).map(draftVariable),
    goal: version.goal ?? '',
    model: version.model ?? '',
    temperature: numberOf('temperature'),
    top_p: numberOf('top_p'),
    top_k: numberOf('top_k'),
    token_limit: numberOf('token_limit'),
    parameters: jsonOf('parameters'),
    tools: jsonOf('tools'),
    response_schema: jsonOf('response_schema'),
  }
}

function draftVariable({ name, type = 'string', default: value, required, description }: PromptVariable) {
  return {
    name,
    type,
    default:
      value == null ? '' : typeof value === 'string' && type === 'string' ? value : JSON.stringify(value),
    required: required ?? true,
    description: description ?? '',
  }
}

export interface ReadVersion {
  /** What POST takes, as JSON. */
  json: string
  /** Without number, author, notes and labels: what a rendering takes. */
  content: string
  /** By field ("variables.0" of one of them): what it takes. The server says what is wrong with a template. */
  wrong: Record<string, string>
}

export function readVersion(draft: VersionDraft): ReadVersion {
  const wrong: Record<string, string> = {}
  const content: string[] = []
  const say = (name: string, json: string) => content.push(`${JSON.stringify(name)}:${json}`)

  if (draft.kind === 'text') say('text', JSON.stringify(draft.text))
  else say('messages', JSON.stringify(draft.messages))
  for (const name of ['goal', 'model'] as const)
    if (draft[name].trim()) say(name, JSON.stringify(draft[name].trim()))
  for (const name of ['temperature', 'top_p', 'top_k', 'token_limit'] as const) {
    const text = draft[name].trim()
    if (text === '') continue
    const whole = name === 'top_k' || name === 'token_limit'
    if (!isNumber(text)) wrong[name] = 'a number'
    else if (whole && !/^\d+$/.test(text)) wrong[name] = 'a whole number'
    else say(name, text)
  }
  for (const name of ['parameters', 'tools', 'response_schema'] as const) {
    const text = draft[name].trim()
    if (text === '') continue
    const open = name === 'tools' ? '[' : '{'
    if (!isJson(text) || !text.startsWith(open))
      wrong[name] = name === 'tools' ? 'a JSON list' : 'a JSON object'
    else say(name, text)
  }
  const variables = draft.variables.map((variable, index) =>
    variableJson(variable, `variables.${index}`, wrong),
  )
  if (variables.length > 0) say('variables', `[${variables.join(',')}]`)

  const members = [...content]
  for (const name of ['version', 'notes', 'author'] as const)
    if (draft[name].trim()) members.push(`"${name}":${JSON.stringify(draft[name].trim())}`)
  const labels = wordsOf(draft.labels)
  if (labels.length > 0) members.push(`"labels":${JSON.stringify(labels)}`)
  return { json: `{${members.join(',')}}`, content: `{${content.join(',')}}`, wrong }
}

function variableJson(variable: DraftVariable, field: string, wrong: ReadVersion['wrong']): string {
  const members = [
    `"name":${JSON.stringify(variable.name.trim())}`,
    `"type":${JSON.stringify(variable.type)}`,
  ]
  const { default: value } = variable
  if (variable.name.trim() === '') wrong[field] = 'a variable has a name'
  else if (value !== '' && variable.type !== 'string' && !isJson(value))
    wrong[field] = `the default of ${variable.name} is no JSON ${variable.type}`
  else if (value !== '')
    members.push(`"default":${variable.type === 'string' ? JSON.stringify(value) : value}`)
  if (!variable.required) members.push('"required":false')
  if (variable.description.trim())
    members.push(`"description":${JSON.stringify(variable.description.trim())}`)
  return `{${members.join(',')}}`
}

/** What is typed for a variable, as JSON; null: nothing. A variable without a type takes JSON where it looks like it. */
export function valueJson(text: string, type: string | undefined): string | null {
  if (text === '') return null
  const asText = type === 'string' || (type === undefined && !/^\s*([[{]|(true|false)\s*$)/.test(text))
  return asText || !isJson(text) ? JSON.stringify(text) : text
}

/** Tags or labels as they are typed, separated by commas. */
export function wordsOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
}

export interface Place {
  /** Which message; null: the text. */
  message: number | null
  /** From 1 on, in characters. */
  line: number
  column: number
}

/** Where the server says that something is wrong; null: it says no place. */
export function placeOf(detail: string): Place | null {
  const match = /^(?:messages\[(\d+)\]: )?line (\d+), column (\d+)/.exec(detail)
  if (!match) return null
  return {
    message: match[1] === undefined ? null : Number(match[1]),
    line: Number(match[2]),
    column: Number(match[3]),
  }
}

/** The place as an index of the text. */
export function offsetOf(text: string, { line, column }: Place): number {
  const before = text.split('\n').slice(0, line - 1)
  const inLine = [...(text.split('\n')[line - 1] ?? '')].slice(0, column - 1).join('')
  return before.reduce((sum, each) => sum + each.length + 1, 0) + inLine.length
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
