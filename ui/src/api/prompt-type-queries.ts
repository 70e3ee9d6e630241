import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { authorParams, type Author } from './change-author'
import { getJson, sendDelete, sendJson } from './client'
import type { Call } from './types'
import { untilAnswered } from './until-answered'

/** What is kept of the calls of a prompt type (docs/prompt-types.md); null: as by default. */
export interface TypeSettings {
  description: string | null
  track_full_data: boolean | null
  is_active: boolean
  /** 0 to 1. */
  sample_rate: number
  text_limit: number | null
  retention: string | null
  masking: 'credentials' | 'strict'
  log_level: 'off' | 'metrics-only' | 'summary' | 'detailed'
  /** It is switched off by itself when a budget for it is used up, or when more of its calls fail. */
  disable_over_budget: boolean
  disable_failure_rate: number | null
  disable_window_minutes: number
  disable_least_calls: number
  /** What goes off then. */
  disable_switches: 'is_active' | 'track_full_data'
}

/** null: the default again. */
export type TypeChange = { [K in keyof TypeSettings]?: TypeSettings[K] | null }

export interface TypeEntry {
  type: string
  settings: TypeSettings
  /** The default and is_active considered. */
  tracks_full_data: boolean
  /** 0: nothing was ever set. */
  revision: number
  changed_at: string | null
  changed_by: string | null
}

export interface TypeCost {
  currency: string
  total: string
  /** That have a cost in this currency. */
  calls: number
  average: string
}

export interface PromptType extends TypeEntry {
  created_at: string | null
  /** Of all its AI calls, those that retention removed included. */
  totals: {
    calls: number
    failures: number
    failure_rate: number | null
    cost: TypeCost[]
    unpriced_calls: number
    removed_calls: number
    first_called_at: string | null
    last_called_at: string | null
  }
}

export interface TypeDetail extends PromptType {
  budgets: string[]
  latest: Call | null
}

export interface TypeList {
  default_track_full_data: boolean
  /** How many fit; the answer may have fewer. */
  count: number
  prompt_types: PromptType[]
}

export interface SettingsChange {
  number: number
  at: string
  type: string
  before: TypeSettings | null
  /** Null: they were taken back. */
  after: TypeSettings | null
  by: string | null
  reason: string | null
}

const below = '/prompt-types'
const pathOf = (type: string) => `${below}/${encodeURIComponent(type)}`

export const typeListKey = ['prompt types']

/** `params` as the API spells them. */
export function typeListQuery(params: string) {
  return queryOptions({
    queryKey: [...typeListKey, params],
    queryFn: ({ signal }) => getJson<TypeList>(`${below}?${params}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => untilAnswered(query) || 10_000,
  })
}

/** All that fit, for a file. */
export function allTypes(params: string) {
  return getJson<TypeList>(`${below}?${params}&limit=110000`)
}

export function typeKey(type: string) {
  return ['prompt type', type]
}

export function typeQuery(type: string) {
  return queryOptions({
    queryKey: typeKey(type),
    queryFn: ({ signal }) => getJson<TypeDetail>(pathOf(type), signal),
    refetchInterval: (query) => untilAnswered(query) || 10_000,
  })
}

/** The last first. */
export function typeChangesQuery(type: string) {
  return queryOptions({
    queryKey: [...typeKey(type), 'changes'],
    queryFn: ({ signal }) =>
      getJson<{ changes: SettingsChange[] }>(
        `/prompt-type-changes?${new URLSearchParams({ type, limit: '100' })}`,
        signal,
      ),
  })
}

/** What a change is answered: how it is now, and what does not hold everywhere yet or does not do what may be meant. */
export type Changed<T> = T & { warnings: string[] }

/** If somebody was faster than what the reader saw, nothing is done (status 412). */
export function changeType(seen: TypeEntry, change: TypeChange, author: Author) {
  return sendJson<Changed<TypeEntry>>('PATCH', pathOf(seen.type) + words(author), change, etagOf(seen))
}

export function resetType(seen: TypeEntry, author: Author) {
  return sendDelete(pathOf(seen.type) + words(author), etagOf(seen))
}

/** All of them or none. */
export function changeTypes(types: string[], set: TypeChange, author: Author) {
  return sendJson<Changed<{ count: number }>>('PATCH', below + words(author), { types, set })
}

function etagOf({ revision }: TypeEntry): string {
  return `"${revision}"`
}

function words(author: Author): string {
  const params = authorParams(author)
  return params.size > 0 ? `?${params}` : ''
}
