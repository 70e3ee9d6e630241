import { expect, test } from 'vitest'
import type { Variant } from '../api/experiment-types'
import { sayChanges, sayUnits, shareOf } from './experiment-words'

const variant = (name: string, weight: number, stopped = false): Variant => ({ name, weight, stopped })

test('a variant says what it does differently', () => {
  expect(
    sayChanges({ ...variant('b', 1), version: '3', temperature: 0, parameters: { stop: ['END'] } }),
  ).toBe('version 3, temperature 0, parameters {"stop":["END"]}')
  expect(sayChanges({ ...variant('a', 1), model: '', temperature: null })).toBe('')
})

test('units of what is stopped get the control', () => {
  const [a, b, c] = [variant('a', 2), variant('b', 1), variant('c', 1, true)]
  expect([a, b, c].map((each) => shareOf(each, [a, b, c]))).toEqual([0.75, 0.25, 0])
})

test('who takes part is said in figures', () => {
  expect(sayUnits({ share: 1, unit: 'user' })).toBe('all users')
  expect(sayUnits({ share: 0.25, unit: 'session' })).toBe('25 % of sessions')
})
