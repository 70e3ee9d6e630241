import { useHotkeys } from '@mantine/hooks'
import { useEffect, useState } from 'react'

/** j, k and the arrows walk the rows of a list, Enter opens one. Gives the row where one is. */
export function useRowKeys(names: string[], onOpen: (name: string) => void): string | undefined {
  const [chosen, setChosen] = useState<string>()
  const at = chosen === undefined ? -1 : names.indexOf(chosen)
  const active = at < 0 ? undefined : chosen
  const move = (by: number) => setChosen(names[Math.min(names.length - 1, Math.max(0, at + by))])
  useHotkeys([
    ['j', () => move(1)],
    ['k', () => move(-1)],
    ['ArrowDown', () => move(1)],
    ['ArrowUp', () => move(-1)],
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
