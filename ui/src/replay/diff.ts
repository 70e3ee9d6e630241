/** A stretch of text that both have, or that only the first or only the second has. */
export interface Piece {
  kind: 'same' | 'removed' | 'added'
  text: string
}

export interface Diff {
  pieces: Piece[]
  /** 0 … 1: twice the words in common over the words of both; null: not compared word by word. */
  similarity: number | null
}

/** So many cells of the table at most: beyond, texts are compared line by line, then as a whole. */
const kMaxCells = 4_000_000

export function diff(before: string, after: string): Diff {
  const a = before.match(/\s+|\S+/g) ?? []
  const b = after.match(/\s+|\S+/g) ?? []
  const words = align(a, b)
  if (words) return { pieces: words, similarity: similarityOf(words) }
  const lines = align(before.match(/[^\n]*\n|[^\n]+/g) ?? [], after.match(/[^\n]*\n|[^\n]+/g) ?? [])
  return { pieces: lines ?? join([removed(before), added(after)]), similarity: null }
}

/** The longest common subsequence as pieces; null if the table would be too large. */
function align(a: string[], b: string[]): Piece[] | null {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const left = a.slice(head, a.length - tail)
  const right = b.slice(head, b.length - tail)
  if (left.length * right.length > kMaxCells) return null
  const middle = alignMiddle(left, right)
  return join([
    { kind: 'same', text: a.slice(0, head).join('') },
    ...middle,
    { kind: 'same', text: a.slice(a.length - tail).join('') },
  ])
}

function alignMiddle(a: string[], b: string[]): Piece[] {
  const width = b.length + 1
  // table[i][j]: the longest common subsequence of what follows i in a and j in b.
  const table = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => table[i * width + j] as number
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const pieces: Piece[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      pieces.push({ kind: 'same', text: a[i] as string })
      i++
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      pieces.push(removed(a[i++] as string))
    } else {
      pieces.push(added(b[j++] as string))
    }
  }
  return [...pieces, removed(a.slice(i).join('')), added(b.slice(j).join(''))]
}

/** Neighbours of one kind become one piece; between two pieces in common what goes stands before what comes. */
function join(pieces: Piece[]): Piece[] {
  const joined: Piece[] = []
  let gone = ''
  let come = ''
  const flush = () => {
    if (gone) joined.push(removed(gone))
    if (come) joined.push(added(come))
    gone = come = ''
  }
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === 'removed') gone += piece.text
    else if (piece.kind === 'added') come += piece.text
    else if (piece.text) {
      // White space between two changes belongs to them: single words would make a patchwork.
      const next = pieces[index + 1]
      if (/^[ \t]+$/.test(piece.text) && (gone || come) && next && next.kind !== 'same' && next.text) {
        gone += piece.text
        come += piece.text
        continue
      }
      flush()
      const last = joined.at(-1)
      if (last?.kind === 'same') last.text += piece.text
      else joined.push({ ...piece })
    }
  }
  flush()
  return joined
}

function removed(text: string): Piece {
  return { kind: 'removed', text }
}

function added(text: string): Piece {
  return { kind: 'added', text }
}

function similarityOf(pieces: Piece[]): number | null {
  const count = (text: string) => text.match(/\S+/g)?.length ?? 0
  let same = 0
  let all = 0
  for (const piece of pieces) {
    const words = count(piece.text)
    if (piece.kind === 'same') same += words
    all += piece.kind === 'same' ? 2 * words : words
  }
  return all === 0 ? null : (2 * same) / all
}
