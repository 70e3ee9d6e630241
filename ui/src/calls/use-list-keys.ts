import { useHotkeys } from '@mantine/hooks'

interface Actions {
  move: (by: number) => void
  open: () => void
  close: () => void
  togglePause: () => void
  toggleFull: () => void
  newest: () => void
}

/** The list's keys; typing in a field is left alone (useHotkeys ignores inputs). */
export function useListKeys({ move, open, close, togglePause, toggleFull, newest }: Actions) {
  useHotkeys([
    ['j', () => move(1)],
    ['k', () => move(-1)],
    ['ArrowDown', () => move(1)],
    ['ArrowUp', () => move(-1)],
    // Enter on a button or link is that control's own.
    ['Enter', (event) => isControl(event.target) || open(), { preventDefault: false }],
    ['Escape', close, { preventDefault: false }],
    ['p', togglePause],
    ['f', toggleFull],
    ['g', newest],
    ['/', () => document.getElementById('search')?.focus()],
  ])
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, [role="tab"], [role="dialog"]') !== null
}
