/** Who moves labels from this browser: the server knows no users, so it is what one calls oneself. */
const slot = 'steno.mover'

export function readMover(): string {
  return localStorage.getItem(slot) ?? ''
}

export function keepMover(name: string): void {
  if (name) localStorage.setItem(slot, name)
  else localStorage.removeItem(slot)
}
