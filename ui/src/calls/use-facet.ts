import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { aggregateQuery } from '../api/queries'
import { apiParams, type ListState } from '../state/list-state'

export interface FacetValue {
  value: string
  calls: number
}

/** The values that a field has under the other filters, most frequent first; asked for only while `wanted`. */
export function useFacet(state: ListState, path: string, wanted: boolean) {
  const params = useMemo(() => {
    const others = { ...state, filters: state.filters.filter((filter) => filter.path !== path) }
    const query = apiParams(others, new Date())
    query.set('group_by', path)
    query.set('measures', 'calls')
    query.set('order', '-calls')
    query.set('limit', '200')
    return query.toString()
    // A facet is as old as the menu: it is asked anew when that opens.
  }, [state, path, wanted])
  const query = useQuery({ ...aggregateQuery(params), enabled: wanted })
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
