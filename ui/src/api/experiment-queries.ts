import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { getJson, sendDelete, sendJson } from './client'
import { authorParams, type Author } from './change-author'
import type { Experiment, ExperimentChange, ExperimentResult } from './experiment-types'
import { untilAnswered } from './until-answered'

function pathOf(name: string, ...below: string[]): string {
  return ['/experiments', ...[name, ...below].map(encodeURIComponent)].join('/')
}

export const experimentListKey = ['experiments']

/** The last that was made first. */
export function experimentListQuery() {
  return queryOptions({
    queryKey: experimentListKey,
    queryFn: ({ signal }) => getJson<{ experiments: Experiment[] }>('/experiments', signal),
    refetchInterval: (query) => untilAnswered(query) || 15_000,
  })
}

/** Those that divide who fetches this prompt. */
export function experimentsOfPromptQuery(prompt: string) {
  return queryOptions({
    queryKey: [...experimentListKey, 'of prompt', prompt],
    queryFn: ({ signal }) =>
      getJson<{ experiments: Experiment[] }>(`/experiments?${new URLSearchParams({ prompt })}`, signal),
  })
}

export function experimentKey(name: string) {
  return ['experiment', name]
}

export function experimentQuery(name: string) {
  return queryOptions({
    queryKey: experimentKey(name),
    queryFn: ({ signal }) => getJson<Experiment>(pathOf(name), signal),
    refetchInterval: (query) => untilAnswered(query) || 15_000,
  })
}

/** `tz`: at the end of whose days there is a point of the course. */
export function experimentResultQuery(name: string, tz: string) {
  return queryOptions({
    queryKey: [...experimentKey(name), 'result', tz],
    queryFn: ({ signal }) =>
      getJson<ExperimentResult>(`${pathOf(name, 'result')}?${new URLSearchParams({ tz })}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => untilAnswered(query) || 60_000,
  })
}

/** `revision`: since which it is asked again. */
export function experimentHistoryQuery(name: string, revision: number) {
  return queryOptions({
    queryKey: [...experimentKey(name), 'history', revision],
    queryFn: ({ signal }) =>
      getJson<{ changes: ExperimentChange[] }>(`${pathOf(name, 'history')}?limit=200`, signal),
  })
}

/** What is done with an experiment; `winner` "": none. */
export type ExperimentAction =
  | { kind: 'start' | 'pause' | 'remove' }
  | { kind: 'conclude'; winner: string }
  | { kind: 'stop'; variant: string }

/** If somebody was faster than what the reader saw, nothing is done (status 412). Null: it is not there any more. */
export function doWithExperiment(
  seen: Experiment,
  action: ExperimentAction,
  author: Author,
): Promise<Experiment | null> {
  if (action.kind === 'remove') return sendDelete<Experiment>(pathOf(seen.name), seen.etag)
  const below = action.kind === 'stop' ? ['variants', action.variant, 'stop'] : [action.kind]
  const params = authorParams(author)
  if (action.kind === 'conclude' && action.winner) params.set('winner', action.winner)
  const query = params.size > 0 ? `?${params}` : ''
  return sendJson<Experiment>('POST', pathOf(seen.name, ...below) + query, {}, seen.etag)
}
