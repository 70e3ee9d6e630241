import { useHotkeys } from '@mantine/hooks'

interface Actions {
  move: (by: number) => void
  open: () => void
  close: () => void
  copy: () => void
  togglePause: () => void
  toggleFull: () => void
  newest: () => void
}

/** The list's keys; typing in a field is left alone (useHotkeys ignores inputs). */
export function useListKeys({ move, open, close, copy, togglePause, toggleFull, newest }: Actions) {
  useHotkeys([
    ['j', () => move(1)],
    ['k', () => move(-1)],
    ['ArrowDown', () => move(1)],
    ['ArrowUp', () => move(-1)],
    // Enter on a button or link is that control's own.
    ['Enter', (event) => isControl(event.target) || open(), { preventDefault: false }],
    // Esc in an open menu closes that only.
    ['Escape', (event) => isOverlay(event.target) || close(), { preventDefault: false }],
    ['c', copy],
    ['p', togglePause],
    ['f', toggleFull],
    ['g', newest],
  ])
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, [role="tab"], [role="dialog"]') !== null
}

function isOverlay(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') !== null
}
