import { expect, test } from 'vitest'
import type { DiffLine } from '../api/registry-types'
import { diffRows } from './diff-rows'

const line = (change: DiffLine['change'], text: string): DiffLine => ({
  change,
  pieces: [{ text, changed: change !== 'same' }],
})

test('what came stands beside what went, and lines keep their numbers', () => {
  const rows = diffRows({
    from_line: 7,
    to_line: 9,
    lines: [
      line('same', 'a'),
      line('removed', 'b'),
      line('removed', 'c'),
      line('added', 'B'),
      line('same', 'd'),
      line('added', 'e'),
    ],
  })
  expect(
    rows.map(({ from, to }) => [from?.number, from?.pieces[0]?.text, to?.number, to?.pieces[0]?.text]),
  ).toEqual([
    [7, 'a', 9, 'a'],
    [8, 'b', 10, 'B'],
    [9, 'c', undefined, undefined],
    [10, 'd', 11, 'd'],
    [undefined, undefined, 12, 'e'],
  ])
})
