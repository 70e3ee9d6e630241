import { useLocalStorage, useMediaQuery } from '@mantine/hooks'
import type { ListState } from '../state/list-state'
import { columnSpecs, defaultColumnIds, phoneColumnIds } from './columns'

/**
 * The columns shown. A link's own choice wins; else what this reader chose last in this browser; else the standard.
 */
export function useColumns(state: ListState, setState: (state: ListState, replace?: boolean) => void) {
  const [own, setOwn] = useLocalStorage<string[]>({
    key: 'steno.columns',
    defaultValue: [],
    getInitialValueInEffect: false,
  })
  const wanted = (state.columns ?? own).filter((id) => columnSpecs.has(id))
  const phone = useMediaQuery('(max-width: 600px)', false, { getInitialValueInEffect: false })
  const shown = wanted.length > 0 ? wanted : phone ? phoneColumnIds : defaultColumnIds
  const setShown = (ids: string[] | null) => {
    setOwn(ids ?? [])
    setState({ ...state, columns: ids }, true)
  }
  return [shown, setShown] as const
}
