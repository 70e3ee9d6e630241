import { expect, test } from 'vitest'
import { warningsOf } from './warnings'

test('an answer has the warnings that it says, and no others', () => {
  expect(warningsOf({ name: 'x', warnings: ['one', 'two'] })).toEqual(['one', 'two'])
  for (const answer of [undefined, null, 'x', {}, { warnings: null }, { warnings: [] }, { warnings: [1] }])
    expect(warningsOf(answer)).toEqual([])
})
