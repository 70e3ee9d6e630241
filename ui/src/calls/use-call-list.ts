import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { callListQuery } from '../api/queries'
import type { Call } from '../api/types'
import { mergeCalls } from '../live/merge'
import { useLiveCalls } from '../live/use-live-calls'
import { apiParams, canFollow, liveParams, newestFirst, type ListState } from '../state/list-state'

/** How far a search for text has come. */
export interface SearchProgress {
  hits: number
  searched: number
  /** The beginning of the call that was looked at last. */
  backTo: string | undefined
  complete: boolean
  busy: boolean
}

/** So many hits are looked for without being asked; further ones when one scrolls to them. */
const kHitsAtFirst = 30

/** The list for a state: fetched pages, with live calls on top where they belong. */
export function useCallList(state: ListState) {
  const key = JSON.stringify([state.range, state.from, state.to, state.text, state.filters, state.order])
  // A relative range is anchored when it is chosen, so that paging stays stable.
  const params = useMemo(() => {
    const query = apiParams(state, new Date())
    if (state.order !== newestFirst) query.set('order', state.order)
    return query.toString()
  }, [key])
  const live = useLiveCalls(liveParams(state), state.live && canFollow(state))
  const query = useInfiniteQuery(callListQuery(params))
  const fetched = useMemo<Call[]>(() => query.data?.pages.flatMap((page) => page.calls) ?? [], [query.data])
  const calls = useMemo(
    () => (canFollow(state) ? mergeCalls(fetched, query.dataUpdatedAt, live.calls) : fetched),
    [fetched, query.dataUpdatedAt, live.calls, state],
  )
  const { hasNextPage, isFetching, isError, fetchNextPage } = query
  const searching = state.text !== '' && hasNextPage && fetched.length < kHitsAtFirst
  useEffect(() => {
    if (searching && !isFetching && !isError) void fetchNextPage()
  }, [searching, isFetching, isError, fetchNextPage])
  const search = useMemo<SearchProgress | null>(() => {
    const pages = query.data?.pages ?? []
    if (state.text === '' || pages.length === 0) return null
    return {
      hits: fetched.length,
      searched: pages.reduce((sum, page) => sum + (page.searched?.calls ?? 0), 0),
      backTo: pages.findLast((page) => page.searched?.last_started_at)?.searched?.last_started_at,
      complete: !hasNextPage,
      busy: isFetching,
    }
  }, [query.data, fetched, state.text, hasNextPage, isFetching])
  return { calls, query, live, search }
}
