import { expect, test } from 'vitest'
import { defaultSettings, sayRate, whatChanged } from './settings-words'

test('a rate is said as it was set', () => {
  expect(sayRate(1)).toBe('100 %')
  expect(sayRate(0.07)).toBe('7 %')
  expect(sayRate(0.0005)).toBe('0.05 %')
})

test('a change says what it made another, and nothing else', () => {
  const after = { ...defaultSettings, track_full_data: false, text_limit: 2000, retention: 'short' }
  expect(whatChanged({ before: null, after })).toEqual([
    { name: 'Full data', before: 'default', after: 'off' },
    { name: 'Text limit', before: 'none', after: '2,000 bytes' },
    { name: 'Retention', before: 'none', after: 'short' },
  ])
  expect(whatChanged({ before: after, after: null })).toContainEqual({
    name: 'Full data',
    before: 'off',
    after: 'default',
  })
})
