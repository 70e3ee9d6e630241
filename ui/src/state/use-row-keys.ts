import { useHotkeys } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { isInDialog } from './in-dialog'

/** j, k and the arrows walk the rows of a list, Enter opens one. Gives the row where one is. */
export function useRowKeys(names: string[], onOpen: (name: string) => void): string | undefined {
  const [chosen, setChosen] = useState<string>()
  const at = chosen === undefined ? -1 : names.indexOf(chosen)
  const active = at < 0 ? undefined : chosen
  const move = ({ target }: KeyboardEvent, by: number) => {
    if (!isInDialog(target)) setChosen(names[Math.min(names.length - 1, Math.max(0, at + by))])
  }
  useHotkeys([
    ['j', (event) => move(event, 1)],
    ['k', (event) => move(event, -1)],
    ['ArrowDown', (event) => move(event, 1)],
    ['ArrowUp', (event) => move(event, -1)],
    [
      'Enter',
      (event) => {
        if (active !== undefined && event.target === document.body) onOpen(active)
      },
      { preventDefault: false },
    ],
  ])
  useEffect(() => {
    document.querySelector('tr[data-active]')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return active
}
