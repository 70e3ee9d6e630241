import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import {
  readListState,
  withPanelOf,
  writeListState,
  type ListState,
  type OldSearch,
  type SearchRecord,
} from './list-state'

/** The list's state, whose only home is the address. Set with `replace` for what is typed, so that Back skips it. */
export function useListState(): [ListState, (next: ListState, replace?: boolean) => void] {
  const search = useSearch({ strict: false }) as SearchRecord
  const navigate = useNavigate()
  const state = useMemo(() => readListState(search), [search])
  const setState = useCallback(
    (next: ListState, replace = false) =>
      void navigate({
        to: '.',
        search: (old: OldSearch) => withPanelOf(old, writeListState(next)),
        replace,
      }),
    [navigate],
  )
  return [state, setState]
}
