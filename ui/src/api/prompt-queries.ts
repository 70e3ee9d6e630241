import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { getJson, sendJson } from './client'
import type {
  ComparisonAnswer,
  LabelHistory,
  PerformanceAnswer,
  PromptDifference,
  PromptList,
  PromptVersion,
  RegisteredPrompt,
  TrendsAnswer,
} from './registry-types'
import type { CallPage } from './types'
import { untilAnswered } from './until-answered'

/** Prompts have "/" in their names, which a path must not. */
function pathOf(name: string, ...below: string[]): string {
  return ['/prompts', ...[name, ...below].map(encodeURIComponent)].join('/')
}

/** `params` as the API spells them. */
export function promptListQuery(params: string) {
  return queryOptions({
    queryKey: ['prompts', params],
    queryFn: ({ signal }) => getJson<PromptList>(`/prompts?${params}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: untilAnswered,
  })
}

export function promptKey(name: string) {
  return ['prompt', name]
}

export function promptQuery(name: string) {
  return queryOptions({
    queryKey: promptKey(name),
    queryFn: ({ signal }) => getJson<RegisteredPrompt>(pathOf(name), signal),
    refetchInterval: untilAnswered,
  })
}

/** What a version says never changes; its labels do. */
export function versionQuery(name: string, version: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'version', version],
    queryFn: ({ signal }) => getJson<PromptVersion>(pathOf(name, 'versions', version), signal),
    refetchInterval: untilAnswered,
  })
}

/** The newest call that was made with a version; asked apart, for the registry does not wait for the record. */
export function lastCallQuery(name: string, version: string) {
  const params = new URLSearchParams({
    'prompt.name': name,
    'prompt.version': version,
    limit: '1',
    fields: 'status,started_at,model,error,preview',
  })
  return queryOptions({
    queryKey: [...promptKey(name), 'last call', version],
    queryFn: async ({ signal }) => (await getJson<CallPage>(`/calls?${params}`, signal)).calls[0] ?? null,
  })
}

export function labelQuery(name: string, label: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'label', label],
    queryFn: ({ signal }) => getJson<LabelHistory>(pathOf(name, 'labels', label), signal),
    refetchInterval: untilAnswered,
  })
}

export function diffQuery(name: string, from: string, to: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'diff', from, to],
    queryFn: ({ signal }) =>
      getJson<PromptDifference>(`${pathOf(name, 'diff')}?${new URLSearchParams({ from, to })}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: untilAnswered,
  })
}

export function performanceQuery(name: string, params: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'performance', params],
    queryFn: ({ signal }) => getJson<PerformanceAnswer>(`${pathOf(name, 'performance')}?${params}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: untilAnswered,
  })
}

export function comparisonQuery(name: string, params: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'compare', params],
    queryFn: ({ signal }) => getJson<ComparisonAnswer>(`${pathOf(name, 'compare')}?${params}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: untilAnswered,
  })
}

export function trendsQuery(name: string, params: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'trends', params],
    queryFn: ({ signal }) => getJson<TrendsAnswer>(`${pathOf(name, 'trends')}?${params}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: untilAnswered,
  })
}

export interface ChangeWords {
  by?: string
  reason?: string
  /** Although the label is protected. */
  force?: boolean
}

/** `etag` is that of the prompt that the reader saw: if somebody was faster, nothing is done (status 412). */
export function moveLabel(
  name: string,
  label: string,
  change: ChangeWords & { version: string },
  etag: string,
) {
  return sendJson<RegisteredPrompt>('PUT', pathOf(name, 'labels', label), change, etag)
}

export function rollBackLabel(name: string, label: string, change: ChangeWords, etag: string) {
  return sendJson<RegisteredPrompt>('POST', pathOf(name, 'labels', label, 'rollback'), change, etag)
}
