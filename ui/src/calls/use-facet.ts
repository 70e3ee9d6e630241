import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { aggregateQuery } from '../api/queries'
import { apiParams, type ListState } from '../state/list-state'

export interface FacetValue {
  value: string
  calls: number
}

/** The values that a field has under the other filters (but for a text search), most frequent first; asked anew for every menu that opens. */
export function useFacet(state: ListState, path: string) {
  const params = useMemo(() => {
    const others = { ...state, text: '', filters: state.filters.filter((filter) => filter.path !== path) }
    const query = apiParams(others, new Date())
    query.set('group_by', path)
    query.set('measures', 'calls')
    query.set('order', '-calls')
    query.set('limit', '200')
    return query.toString()
  }, [state, path])
  const query = useQuery(aggregateQuery(params))
  const values = useMemo<FacetValue[]>(
    () =>
      (query.data?.groups ?? []).flatMap((group) => {
        const value = group.key?.[path]
        return value === null || value === undefined || value === ''
          ? []
          : [{ value: String(value), calls: group.calls ?? 0 }]
      }),
    [query.data, path],
  )
  return { values, loading: query.isLoading, error: query.error }
}
