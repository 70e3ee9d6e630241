import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import {
  defaultListState,
  filterKey,
  readListState,
  type ListState,
  type SearchRecord,
} from '../state/list-state'
import { dayBounds, readTimeRange, writeTimeRange } from '../state/time-range'
import { useMinute } from '../state/use-minute'

const usualRange = '30d'

/** No call was made before. */
const beginning = '1970-01-01T00:00:00Z'

/** Of which calls is asked: a time and filters, as the address says them; `versions` are those to compare. */
export function useQuestion() {
  const search = useSearch({ strict: false }) as SearchRecord
  const navigate = useNavigate()
  const now = useMinute()
  const state = useMemo<ListState>(
    () => ({
      ...defaultListState,
      ...readTimeRange(search, usualRange),
      filters: readListState(search).filters,
    }),
    [search],
  )
  const bounds = dayBounds(state, now)
  const from = bounds.from || beginning
  const params = new URLSearchParams(filtersOf(state))
  params.set('from', from)
  if (bounds.to) params.set('to', bounds.to)
  params.set('tz', Intl.DateTimeFormat().resolvedOptions().timeZone)
  const versions = search.versions ?? ''
  const go = (next: { state?: ListState; versions?: string }) => {
    const of = next.state ?? state
    const compared = next.versions ?? versions
    void navigate({
      to: '.',
      search: {
        ...(compared && { versions: compared }),
        ...writeTimeRange(of, usualRange),
        ...filtersOf(of),
      },
    })
  }
  return { state, params, from, versions, go }
}

/** For a link to the list of these calls. */
export function callsSearch(
  name: string,
  version: string | null,
  state: ListState,
  from: string,
): SearchRecord {
  return {
    ...filtersOf(state),
    'prompt.name': name,
    ...(version !== null && { 'prompt.version': version }),
    ...(state.range === 'all' ? { range: 'all' } : { from, ...(state.to && { to: state.to }) }),
  }
}

function filtersOf(state: ListState): SearchRecord {
  return Object.fromEntries(state.filters.map((filter) => [filterKey(filter), filter.value]))
}
