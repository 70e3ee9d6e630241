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
