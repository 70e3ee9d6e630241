import { describe, expect, it } from 'vitest'
import type { Call } from '../api/types'
import {
  changeOf,
  draftOf,
  earlierMessages,
  isEmpty,
  obstacle,
  readChange,
  withChange,
  writeChange,
} from './draft'

const call: Call = {
  id: 'x',
  kind: 'chat',
  status: 'success',
  started_at: '2026-11-20T12:00:00Z',
  model: { requested: 'gpt-4o-mini' },
  raw: { request: '…' },
  request: {
    messages: [
      { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', parts: [{ type: 'text', text: 'First?' }] },
      { role: 'assistant', parts: [{ type: 'text', text: 'Yes.' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'When?' },
          { type: 'image', url: 'u' },
        ],
      },
    ],
    parameters: { temperature: 0.2, stop: ['a'] },
  },
}

describe('the form of a replay', () => {
  it('is filled with what was recorded, which is no change', () => {
    const draft = draftOf(call)
    expect(draft).toEqual({
      model: 'gpt-4o-mini',
      system: 'Be brief.',
      prompt: 'When?',
      parameters: [
        { name: 'temperature', value: '0.2' },
        { name: 'stop', value: '["a"]' },
      ],
    })
    expect(isEmpty(changeOf(call, draft))).toBe(true)
    expect(earlierMessages(call).map((message) => message.role)).toEqual(['user', 'assistant'])
  })
  it('sends only what was changed', () => {
    const draft = draftOf(call)
    expect(
      changeOf(call, {
        model: ' gpt-4o ',
        system: '',
        prompt: 'When, exactly?',
        parameters: [
          { name: 'temperature', value: '1' },
          { name: 'reasoning_effort', value: 'low' },
          { name: '', value: '5' },
        ],
      }),
    ).toEqual({
      model: 'gpt-4o',
      system: '',
      prompt: 'When, exactly?',
      set: { temperature: 1, reasoning_effort: 'low', stop: null },
    })
    expect(changeOf(call, { ...draft, model: '' })).toEqual({})
  })
  it('comes back from the address', () => {
    const draft = {
      ...draftOf(call),
      prompt: 'Ü & = ?',
      parameters: [
        { name: 'stop', value: '["b"]' },
        { name: 'seed', value: '7' },
      ],
    }
    expect(withChange(draftOf(call), readChange(writeChange(changeOf(call, draft))))).toEqual(draft)
    expect(readChange('nonsense')).toEqual({})
    expect(readChange('{"model":7,"set":[1],"prompt":"x","other":{}}')).toEqual({ prompt: 'x' })
    expect(writeChange({ prompt: 'x'.repeat(10_000) })).toBe('')
  })
  it('shows Gemini’s parameters, which stand deeper', () => {
    const gemini = {
      ...call,
      request: { parameters: { generationConfig: { topP: 0.5 }, safetySettings: [] } },
    }
    expect(draftOf(gemini).parameters).toEqual([
      { name: 'topP', value: '0.5' },
      { name: 'safetySettings', value: '[]' },
    ])
  })
  it('says what is in the way', () => {
    expect(obstacle(call)).toBeNull()
    expect(obstacle({ ...call, raw: undefined })).toMatch(/keep_raw/)
    expect(obstacle({ ...call, privacy: { full_data: false } }), 'not dropped yet').toBeNull()
    expect(obstacle({ ...call, raw: undefined, privacy: { full_data: false } })).toMatch(/at the wish/)
    expect(obstacle({ ...call, status: 'running' })).toMatch(/under way/)
  })
})
