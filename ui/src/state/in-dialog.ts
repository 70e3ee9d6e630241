/** Whether a key was pressed in a dialog: nothing moves behind it then. */
export function isInDialog(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"]') !== null
}
