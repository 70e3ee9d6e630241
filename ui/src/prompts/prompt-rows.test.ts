import { describe, expect, test } from 'vitest'
import type { RegisteredPrompt } from '../api/registry-types'
import { promptRows, type PromptFilter } from './prompt-rows'

const none: PromptFilter = { text: '', tag: '', label: '', archived: false }

function prompt(name: string, more: Partial<RegisteredPrompt> = {}): RegisteredPrompt {
  return {
    name,
    description: '',
    tags: [],
    created_at: '',
    changed_at: '',
    archived_at: null,
    etag: '',
    version_count: 1,
    latest: null,
    labels: [],
    ...more,
  }
}

const use = (calls: number) => ({ calls, lastCall: '2026-11-22T10:00:00Z' })
const known = {
  listed: [
    prompt('answer', { tags: ['support'], description: 'What customers ask' }),
    prompt('triage', { labels: [{ label: 'staging', version: null, protected: false, moved_at: '' }] }),
  ],
  archived: [prompt('old')],
  uses: new Map([
    ['answer', use(3)],
    ['rare', use(1)],
    ['often', use(9)],
    ['old', use(2)],
  ]),
  usesAreAll: true,
}
const names = (filter: Partial<PromptFilter>) =>
  promptRows(known, { ...none, ...filter }).map((row) => row.name)

describe('promptRows', () => {
  test('what only calls name comes last, and what is archived is not among it', () => {
    expect(names({})).toEqual(['answer', 'triage', 'often', 'rare'])
    expect(promptRows(known, none).map((row) => row.use?.calls)).toEqual([3, 0, 9, 1])
  })

  test('filters', () => {
    expect(names({ text: 'CUSTOMERS' })).toEqual(['answer'])
    expect(names({ text: 'r' })).toEqual(['answer', 'triage', 'rare'])
    expect(names({ tag: 'support' })).toEqual(['answer'])
    expect(names({ label: 'staging' })).toEqual([])
    expect(names({ archived: true })).toEqual(['old'])
  })

  test('none is only said where all uses are known', () => {
    const rows = (more: object) => promptRows({ ...known, ...more }, none)
    expect(rows({ usesAreAll: false })[1]?.use).toBeUndefined()
    expect(rows({ uses: null }).map((row) => row.use)).toEqual([undefined, undefined])
  })
})
