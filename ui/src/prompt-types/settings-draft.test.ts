import { expect, test } from 'vitest'
import { draftOf, readDraft, untouched } from './settings-draft'
import { defaultSettings } from './settings-words'

const settings = { ...defaultSettings, sample_rate: 0.07, text_limit: 2000, retention: 'short' }

test('a form that is not touched changes nothing', () => {
  expect(readDraft(draftOf(settings), settings)).toEqual({ change: {}, wrong: {} })
  expect(readDraft(untouched, null)).toEqual({ change: {}, wrong: {} })
})

test('only what differs is changed, and an empty field takes a limit away', () => {
  const draft = { ...draftOf(settings), full_data: 'off', sample: '12.5 %', text_limit: '' } as const
  expect(readDraft(draft, settings).change).toEqual({
    track_full_data: false,
    sample_rate: 0.125,
    text_limit: null,
  })
})

test('of several types an empty field stays as it is, and "none" takes it away', () => {
  expect(
    readDraft({ ...untouched, active: 'off', text_limit: 'none', retention: 'long' }, null).change,
  ).toEqual({
    is_active: false,
    text_limit: null,
    retention: 'long',
  })
})

test('what is no share and no number of bytes is told', () => {
  const { change, wrong } = readDraft({ ...draftOf(settings), sample: '101', text_limit: '0' }, settings)
  expect(change).toEqual({})
  expect(Object.keys(wrong)).toEqual(['sample', 'text_limit'])
  expect(readDraft({ ...draftOf(settings), sample: '' }, settings).wrong.sample).toBeDefined()
})

test('what switches a type off is read as it is written, and an empty rate is never', () => {
  const failing = { ...settings, disable_failure_rate: 0.125 }
  expect(draftOf(failing).failure_rate).toBe('12.5')
  expect(readDraft(draftOf(failing), failing)).toEqual({ change: {}, wrong: {} })
  expect(readDraft({ ...draftOf(failing), failure_rate: '' }, failing).change).toEqual({
    disable_failure_rate: null,
  })
  const draft = {
    ...draftOf(settings),
    masking: 'strict',
    log_level: 'metrics-only',
    over_budget: 'on',
    failure_rate: '7 %',
    window_minutes: '5',
    least_calls: '1',
    switches: 'track_full_data',
  } as const
  expect(readDraft(draft, settings).change).toEqual({
    masking: 'strict',
    log_level: 'metrics-only',
    disable_over_budget: true,
    disable_failure_rate: 0.07,
    disable_window_minutes: 5,
    disable_least_calls: 1,
    disable_switches: 'track_full_data',
  })
  expect(readDraft({ ...untouched, failure_rate: 'none', masking: 'strict' }, null).change).toEqual({
    disable_failure_rate: null,
    masking: 'strict',
  })
})

test('no minutes, no calls and no share are told, each at its field', () => {
  const draft = { ...draftOf(settings), failure_rate: '-1', window_minutes: '10081', least_calls: '' }
  const { change, wrong } = readDraft(draft, settings)
  expect(change).toEqual({})
  expect(wrong).toEqual({
    failure_rate: 'a number from 0 to 100, or none',
    window_minutes: 'a number from 1 to 10,080',
    least_calls: 'a number from 1 to 1,000,000',
  })
})
