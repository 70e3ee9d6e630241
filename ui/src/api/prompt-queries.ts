import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { authorParams, type Author } from './change-author'
import { getJson, getText, sendDelete, sendJson, sendText } from './client'
import type {
  ComparisonAnswer,
  LabelHistory,
  PerformanceAnswer,
  PromptDifference,
  PromptList,
  PromptRendering,
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

/** What a version says, and its JSON exactly as served. */
export function versionTextQuery(name: string, version: string) {
  return queryOptions({
    queryKey: [...promptKey(name), 'version', version, 'text'],
    queryFn: async ({ signal }) => {
      const json = await getText(pathOf(name, 'versions', version), signal)
      return { version: JSON.parse(json) as PromptVersion, json }
    },
  })
}

export interface AddedVersion extends PromptVersion {
  /** False: there is one that says the same, and this is it. */
  created: boolean
}

/** `definition` is JSON as it is sent: a parse would round its numbers. */
export function addVersion(name: string, definition: string, etag: string) {
  return sendText<AddedVersion>('POST', pathOf(name, 'versions'), definition, etag)
}

export function createPrompt(
  facts: { name: string; description: string; tags: string[] },
  definition: string,
): Promise<AddedVersion> {
  const members = definition.slice(1)
  return sendText('POST', '/prompts', `${JSON.stringify(facts).slice(0, -1)},${members}`)
}

/** `content` and the values of `variables` are JSON as it is sent. */
export function renderingQuery(content: string, variables: string) {
  return queryOptions({
    queryKey: ['prompt rendering', content, variables],
    queryFn: () =>
      sendText<PromptRendering>('POST', '/prompt-rendering', `{"draft":${content},"variables":${variables}}`),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  })
}

/** Description, tags, and whether it is hidden; `force`: although others use it. */
export function changePrompt(
  name: string,
  change: { description?: string; tags?: string[]; archived?: boolean },
  etag: string,
  force = false,
) {
  return sendJson<RegisteredPrompt>('PATCH', `${pathOf(name)}${force ? '?force=true' : ''}`, change, etag)
}

/** With all its versions and its history; `force`: although others use it, or labels stand on it. */
export function removePrompt(name: string, etag: string, force: boolean) {
  return sendDelete(`${pathOf(name)}${force ? '?force=true' : ''}`, etag)
}

/** It stands nowhere then; `force`: although others use it. */
export function removeLabel(name: string, label: string, author: Author, etag: string, force: boolean) {
  const params = authorParams(author)
  if (force) params.set('force', 'true')
  const query = params.size > 0 ? `?${params}` : ''
  return sendDelete<RegisteredPrompt>(pathOf(name, 'labels', label) + query, etag)
}

export function protectLabel(
  name: string,
  label: string,
  change: ChangeWords & { protected: boolean },
  etag: string,
) {
  return sendJson<RegisteredPrompt>('PUT', pathOf(name, 'labels', label), change, etag)
}
