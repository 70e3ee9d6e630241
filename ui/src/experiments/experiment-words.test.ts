import { expect, test } from 'vitest'
import type { ExperimentDifference, Variant, VariantResult } from '../api/experiment-types'
import { currencyOf, sayAmount, sayChanges, sayGuard, sayUnits, shareOf } from './experiment-words'

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

test('money is in the currency that any variant says, and in none where nobody does', () => {
  const told = (metric: string, currency: string | null) => ({ metric, currency }) as ExperimentDifference
  const of = (more: Partial<VariantResult>) =>
    ({ primary: null, guards: [], also: [], ...more }) as unknown as VariantResult
  const variants = [
    of({}),
    of({ primary: told('duration', null), also: [told('cost_per_call', null)] }),
    of({ also: [told('cost_per_call', 'EUR')] }),
  ]
  expect(currencyOf({ variants }, 'cost_per_call')).toBe('EUR')
  expect(currencyOf({ variants }, 'duration')).toBeUndefined()
  expect(sayAmount('cost_per_call', 0.0005)).toBe('0.0005 in the currency of the calls')
})

test('a guard says how much worse a variant may be', () => {
  const guard = { metric: 'duration', better: 'lower' as const }
  expect(sayGuard({ ...guard, worse_by: 0.1, relative: true })).toBe(
    'Duration, average: worse by at most 10 %',
  )
  expect(sayGuard({ ...guard, worse_by: 250, relative: false })).toBe(
    'Duration, average: worse by at most 250 ms',
  )
  expect(sayGuard({ metric: 'success_rate', better: 'higher', worse_by: 0.01, relative: false })).toBe(
    'Success: worse by at most 1.0 points',
  )
})
