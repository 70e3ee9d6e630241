import { describe, expect, it } from 'vitest'
import { diff } from './diff'

const marked = (before: string, after: string) =>
  diff(before, after)
    .pieces.map(({ kind, text }) =>
      kind === 'same' ? text : kind === 'removed' ? `[-${text}]` : `[+${text}]`,
    )
    .join('')

describe('diff', () => {
  it('marks the words that differ', () => {
    expect(marked('The meeting is at ten.', 'The meeting is at nine.')).toBe(
      'The meeting is at [-ten.][+nine.]',
    )
    expect(marked('a b c', 'a c')).toBe('a [-b ]c')
    expect(marked('', 'new')).toBe('[+new]')
    expect(marked('same', 'same')).toBe('same')
  })
  it('joins neighbouring changes over the space between them', () => {
    expect(marked('one two three', 'one drei vier three')).toBe('one [-two][+drei vier] three')
    expect(marked('x a b y', 'x c d y')).toBe('x [-a b][+c d] y')
  })
  it('gives back both texts whole', () => {
    const words = ['a', 'b', 'c', ' ', '\n', 'dd']
    let seed = 1
    const draw = (most: number) => (seed = (seed * 48271) % 2147483647) % most
    for (let round = 0; round < 300; round++) {
      const make = () => Array.from({ length: draw(12) }, () => words[draw(words.length)]).join('')
      const [before, after] = [make(), make()]
      const { pieces } = diff(before, after)
      const side = (other: string) =>
        pieces
          .filter((piece) => piece.kind !== other)
          .map((piece) => piece.text)
          .join('')
      expect(side('added')).toBe(before)
      expect(side('removed')).toBe(after)
    }
  })
  it('says how much is the same', () => {
    expect(diff('a b c d', 'a b x d').similarity).toBe(0.75)
    expect(diff('a', 'a').similarity).toBe(1)
    expect(diff('', '').similarity).toBeNull()
  })
  it('stays quick on texts without an end', () => {
    const long = (word: string) => Array.from({ length: 30_000 }, (_, i) => `${word}${i}`).join(' ')
    expect(diff(long('a'), long('b')).similarity).toBeNull()
  })
})
