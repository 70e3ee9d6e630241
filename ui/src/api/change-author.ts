/** Who makes a change, and why; empty: not said. */
export interface Author {
  by: string
  reason: string
}

/** As the API takes them. */
export function authorParams({ by, reason }: Author): URLSearchParams {
  const given = Object.entries({ by: by.trim(), reason: reason.trim() }).filter(([, text]) => text !== '')
  return new URLSearchParams(given)
}
