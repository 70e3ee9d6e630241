import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { getJson, getText, postJson } from './client'
import { Problem } from './problem'
import type {
  Aggregate,
  Call,
  CallPage,
  JsonObject,
  Limits,
  ReplayOutcome,
  RequestTree,
  ServerStatus,
  Verdict,
} from './types'

/** What counts as an AI call (docs/statistics.md): agents and functions may carry a prompt's name or type, too. */
export const aiKinds =
  'chat,completion,embedding,vision,transcription,speech,image,video,moderation,rerank,intent'

const pageSize = 100

/** What the list's columns show; the server reads no more. */
const listFields =
  'kind,name,status,started_at,project,environment,provider.name,model,error,usage,cost,time,who,trace,labels,prompt,feedback,replay,privacy.full_data,privacy.withheld_by,preview'

/** `params` is the filter as the API spells it, without limit and cursor. */
export function callListQuery(params: string) {
  return infiniteQueryOptions({
    queryKey: ['calls', params],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams(params)
      query.set('limit', String(pageSize))
      query.set('fields', listFields)
      if (pageParam) query.set('cursor', pageParam)
      return getJson<CallPage>(`/calls?${query}`, signal)
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

export function callQuery(id: string) {
  return queryOptions({
    queryKey: ['call', id],
    queryFn: ({ signal }) => getJson<Call>(`/calls/${encodeURIComponent(id)}`, signal),
    refetchInterval: (query) => (query.state.data?.status === 'running' ? 1000 : false),
  })
}

/** The call's JSON exactly as served, for showing digits unchanged. */
export function callTextQuery(id: string) {
  return queryOptions({
    queryKey: ['call', id, 'text'],
    queryFn: ({ signal }) => getText(`/calls/${encodeURIComponent(id)}`, signal),
  })
}

/** The exact bytes of one side as text; null if they were not kept. */
export function rawQuery(id: string, part: 'request' | 'response') {
  return queryOptions({
    queryKey: ['call', id, 'raw', part],
    queryFn: async ({ signal }) => {
      try {
        return await getText(`/calls/${encodeURIComponent(id)}/raw?part=${part}`, signal)
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return null
        throw error
      }
    },
    staleTime: Infinity,
  })
}

export function requestQuery(id: string) {
  return queryOptions({
    queryKey: ['request', id],
    queryFn: ({ signal }) => getJson<RequestTree>(`/requests/${encodeURIComponent(id)}`, signal),
  })
}

export function aggregateQuery(params: string) {
  return queryOptions({
    queryKey: ['aggregate', params],
    queryFn: ({ signal }) => getJson<Aggregate>(`/aggregate?${params}`, signal),
  })
}

export function limitsQuery() {
  return queryOptions({
    queryKey: ['limits'],
    queryFn: ({ signal }) => getJson<Limits>('/limits', signal),
    refetchInterval: 2000,
  })
}

export function statusQuery() {
  return queryOptions({
    queryKey: ['status'],
    queryFn: ({ signal }) => getJson<ServerStatus>('/status', signal),
    refetchInterval: (query) => (query.state.data?.store?.opening ? 1000 : 10_000),
  })
}

export function postFeedback(id: string, feedback: { verdict: Verdict; comment?: string }) {
  return postJson<{ position: string }>(`/calls/${encodeURIComponent(id)}/feedback`, feedback)
}

/** What was changed and sent again; answered when the model has. */
export function postReplay(id: string, change: { request?: JsonObject }) {
  return postJson<ReplayOutcome>('/replay', { call_id: id, ...change })
}

/** The replays of a call, newest first. */
export function replaysQuery(id: string) {
  const fields = 'status,started_at,model,error,cost,time,replay,preview'
  const params = new URLSearchParams({ 'replay.of': id, limit: '20', fields })
  return queryOptions({
    queryKey: ['replays', id],
    queryFn: ({ signal }) => getJson<CallPage>(`/calls?${params}`, signal),
  })
}
