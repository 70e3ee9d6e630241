import { describe, expect, it } from 'vitest'
import {
  apiParams,
  canFollow,
  chosenValues,
  defaultListState,
  liveParams,
  readListState,
  withChosenValues,
  withFilter,
  withoutPanel,
  withPanelOf,
  writeListState,
  type ListState,
} from './list-state'

const now = new Date('2026-11-20T12:00:00Z')

describe('the address', () => {
  it('is empty for the plain list', () => {
    expect(writeListState(defaultListState)).toEqual({})
    expect(readListState({})).toEqual(defaultListState)
  })
  it('survives a round trip', () => {
    const states: ListState[] = [
      { ...defaultListState, range: '7d', text: 'a&b=c "ü"', live: false },
      { ...defaultListState, range: 'custom', from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:00:00Z' },
      { ...defaultListState, order: '-cost.total', columns: ['time', 'status', 'cost'] },
      {
        ...defaultListState,
        filters: [
          { path: 'status', op: 'in', value: 'failure,partial' },
          { path: 'model.requested', op: 'eq', value: 'gpt-4o' },
          { path: 'usage.input_tokens', op: 'gte', value: '100' },
          { path: 'labels.attributes.tone', op: 'eq', value: 'friendly' },
          { path: 'error.type', op: 'exists', value: 'true' },
        ],
      },
    ]
    for (const state of states) {
      const search = new URLSearchParams(writeListState(state)).toString()
      expect(readListState(Object.fromEntries(new URLSearchParams(search)))).toEqual(state)
    }
  })
  it('forgives nonsense', () => {
    const state = readListState({ range: 'fortnight', colour: 'red', 'a b.c': 'x', status: '' })
    expect(state).toEqual(defaultListState)
    expect(readListState({ range: 'custom' }).range).toBe('24h')
  })
})

describe('the open call’s panel in the address', () => {
  const search = { status: 'failure', replay: 'new', replay_change: '{}', from: undefined }
  it('goes with the call, not with the list', () => {
    expect(withoutPanel(search)).toEqual({ status: 'failure' })
    expect(withPanelOf(search, { text: 'x' })).toEqual({ text: 'x', replay: 'new', replay_change: '{}' })
    expect(readListState({ replay: 'new', replay_change: '{}' })).toEqual(defaultListState)
  })
})

describe('what the API is asked', () => {
  it('spells filters as the API does', () => {
    const state = readListState({ status: 'failure', 'usage.input_tokens.gte': '100', text: 'hi there' })
    expect(apiParams(state, now).toString()).toBe(
      'status=failure&usage.input_tokens.gte=100&text=hi+there&from=2026-11-19T12%3A00%3A00.000Z',
    )
    expect(liveParams(state)).toBe('status=failure&usage.input_tokens.gte=100&text=hi+there')
  })
  it('has no bounds for all time, and both for a custom range', () => {
    expect(apiParams(readListState({ range: 'all' }), now).toString()).toBe('')
    const custom = readListState({ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' })
    expect(Object.fromEntries(apiParams(custom, now))).toEqual({
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-02T00:00:00Z',
    })
  })
  it('follows live only where new calls belong on top', () => {
    expect(canFollow(defaultListState)).toBe(true)
    expect(canFollow(readListState({ order: '-cost.total' }))).toBe(false)
    expect(canFollow(readListState({ to: '2026-01-02T00:00:00Z' }))).toBe(false)
    expect(canFollow(readListState({ from: '2026-01-02T00:00:00Z' }))).toBe(true)
  })
})

describe('choosing filters', () => {
  it('uses "is" for one value and "is one of" for more', () => {
    const one = withChosenValues(defaultListState, 'status', ['failure'])
    expect(writeListState(one)).toEqual({ status: 'failure' })
    const two = withChosenValues(one, 'status', ['failure', 'partial'])
    expect(writeListState(two)).toEqual({ 'status.in': 'failure,partial' })
    expect(chosenValues(two, 'status')).toEqual(['failure', 'partial'])
    expect(writeListState(withChosenValues(two, 'status', []))).toEqual({})
  })
  it('replaces a filter on the same field and operator, and removes it when empty', () => {
    const first = withFilter(defaultListState, { path: 'usage.input_tokens', op: 'gte', value: '1' })
    const second = withFilter(first, { path: 'usage.input_tokens', op: 'gte', value: '2' })
    expect(writeListState(second)).toEqual({ 'usage.input_tokens.gte': '2' })
    expect(withFilter(second, { path: 'usage.input_tokens', op: 'gte', value: '' }).filters).toEqual([])
  })
})
