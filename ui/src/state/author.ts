/** Who makes changes from this browser: the server knows no users, so it is what one calls oneself. */
const slot = 'steno.author'

export function readAuthorName(): string {
  return localStorage.getItem(slot) ?? ''
}

export function keepAuthorName(name: string): void {
  if (name) localStorage.setItem(slot, name)
  else localStorage.removeItem(slot)
}
