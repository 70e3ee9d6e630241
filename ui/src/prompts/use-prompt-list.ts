import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { promptListQuery } from '../api/prompt-queries'
import { aggregateQuery, aiKinds } from '../api/queries'
import type { SearchRecord } from '../state/list-state'
import { dayBounds } from '../state/time-range'
import { promptRows, type PromptFilter, type PromptUse } from './prompt-rows'

/** The list's filter, whose only home is the address. */
export function usePromptFilter(): [PromptFilter, (next: PromptFilter, replace?: boolean) => void] {
  const search = useSearch({ strict: false }) as SearchRecord
  const navigate = useNavigate()
  const { text = '', tag = '', label = '' } = search
  const filter = { text, tag, label, archived: search.archived === 'true' }
  const setFilter = ({ archived, ...words }: PromptFilter, replace = false) => {
    const given = Object.entries(words).filter(([, value]) => value !== '')
    void navigate({
      to: '/prompts',
      search: { ...Object.fromEntries(given), ...(archived && { archived: 'true' }) },
      replace,
    })
  }
  return [filter, setFilter]
}

/** The registry can have as many; filtering is done here, as one types, also of those that only calls name. */
const mostPrompts = '10000'

export function usePromptList(filter: PromptFilter) {
  const [now] = useState(() => new Date())
  const since = dayBounds({ range: '30d', from: '', to: '' }, now).from
  const listed = useQuery(promptListQuery(`limit=${mostPrompts}`))
  const archived = useQuery(promptListQuery(`limit=${mostPrompts}&archived=true`))
  const used = useQuery(
    aggregateQuery(
      new URLSearchParams({
        from: since,
        group_by: 'prompt.name',
        'prompt.name.exists': 'true',
        'kind.in': aiKinds,
        measures: 'calls,max(started_at)',
        order: '-calls',
        limit: '2000',
      }).toString(),
    ),
  )
  const uses = useMemo(() => {
    if (!used.data) return null
    const found = new Map<string, PromptUse>()
    for (const group of used.data.groups) {
      const name = group.key?.['prompt.name']
      if (name) found.set(name, { calls: group.calls ?? 0, lastCall: group['max(started_at)'] ?? null })
    }
    return found
  }, [used.data])
  const rows = useMemo(
    () =>
      listed.data && archived.data
        ? promptRows(
            {
              listed: listed.data.prompts,
              archived: archived.data.prompts,
              uses,
              usesAreAll: !used.data?.truncated,
            },
            filter,
          )
        : null,
    // The filter is made anew with each address.
    [
      listed.data,
      archived.data,
      uses,
      used.data?.truncated,
      filter.text,
      filter.tag,
      filter.label,
      filter.archived,
    ],
  )
  return { rows, error: listed.error ?? archived.error, refetch: listed.refetch, used, since }
}
