import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { callListQuery } from '../api/queries'
import type { Call } from '../api/types'
import { mergeCalls } from '../live/merge'
import { useLiveCalls } from '../live/use-live-calls'
import { apiParams, canFollow, liveParams, newestFirst, type ListState } from '../state/list-state'

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
  return { calls, query, live }
}
