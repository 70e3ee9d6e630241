import type { DiffHunk, DiffLine, DiffPiece } from '../api/registry-types'

/** A line of one side, with its number from 1. */
export interface SideLine {
  number: number
  change: DiffLine['change']
  pieces: DiffPiece[]
}

/** What stands beside each other; null: nothing does. */
export interface DiffRow {
  from: SideLine | null
  to: SideLine | null
}

/** A hunk side by side: the lines that went beside those that came in their place. */
export function diffRows(hunk: DiffHunk): DiffRow[] {
  const rows: DiffRow[] = []
  let from = hunk.from_line
  let to = hunk.to_line
  let gone: SideLine[] = []
  let come: SideLine[] = []
  const flush = () => {
    for (let i = 0; i < Math.max(gone.length, come.length); i++)
      rows.push({ from: gone[i] ?? null, to: come[i] ?? null })
    gone = []
    come = []
  }
  for (const { change, pieces } of hunk.lines) {
    if (change === 'removed') {
      gone.push({ number: from++, change, pieces })
    } else if (change === 'added') {
      come.push({ number: to++, change, pieces })
    } else {
      flush()
      rows.push({ from: { number: from++, change, pieces }, to: { number: to++, change, pieces } })
    }
  }
  flush()
  return rows
}
