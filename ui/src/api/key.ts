/**
 * The API key for a server that is not on loopback. Kept in this tab only (sessionStorage): it is gone when the tab is
 * closed and is never part of an address.
 */
const slot = 'steno.api-key'

export function readApiKey(): string {
  return sessionStorage.getItem(slot) ?? ''
}

export function keepApiKey(key: string): void {
  if (key) sessionStorage.setItem(slot, key)
  else sessionStorage.removeItem(slot)
}

export function authorization(): Record<string, string> {
  const key = readApiKey()
  return key ? { authorization: `Bearer ${key}` } : {}
}
