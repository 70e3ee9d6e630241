import type { Query } from '@tanstack/react-query'
import { Problem } from './problem'

/** A page that found no server asks again until there is one. */
export function untilAnswered<T, K extends readonly unknown[]>(query: Query<T, Error, T, K>): number | false {
  const { error } = query.state
  return error instanceof Problem && error.status === 0 ? 3000 : false
}
