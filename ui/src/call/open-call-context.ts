import { createContext } from 'react'

/** What the panel of an open call may ask of the list around it. */
export interface OpenCall {
  close: () => void
  full: boolean
  toggleFull: () => void
  /** To the next (1) or previous (-1) call of the list. */
  move: (by: number) => void
}

export const OpenCallContext = createContext<OpenCall | null>(null)
