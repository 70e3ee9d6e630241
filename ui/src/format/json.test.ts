import { describe, expect, it } from 'vitest'
import { indentJson, memberTexts, parseJsonContainer } from './json'

describe('indentJson', () => {
  it('agrees with JSON.stringify where that loses nothing', () => {
    const value = { a: [1, 2, { b: 'x,y:{z}"\\' }], empty: {}, none: [], t: true, n: null }
    expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2))
    expect(indentJson(JSON.stringify(value, null, 4))).toBe(JSON.stringify(value, null, 2))
  })
  it('keeps digits that a parse would change', () => {
    expect(indentJson('{"a":1.0,"b":12345678901234567890}')).toBe(
      '{\n  "a": 1.0,\n  "b": 12345678901234567890\n}',
    )
  })
  it('does not hang or throw on torn text', () => {
    expect(indentJson('{"a": "unfinished')).toContain('"unfinished')
    expect(indentJson(']]]]')).toContain(']')
    expect(indentJson('"\\')).toBe('"\\')
  })
})

describe('parseJsonContainer', () => {
  it('takes objects and arrays only', () => {
    expect(parseJsonContainer(' {"a":1}')).toEqual({ a: 1 })
    expect(parseJsonContainer('12')).toBeUndefined()
    expect(parseJsonContainer('{half')).toBeUndefined()
  })
})

it('members of an object keep the text of their values', () => {
  expect(
    memberTexts('{ "a" : 1.0, "b\\n":{"x":[1,{"y":"},"}]} ,"c":"\\"}", "d": 12345678901234567890 }'),
  ).toEqual({
    a: '1.0',
    'b\n': '{"x":[1,{"y":"},"}]}',
    c: '"\\"}"',
    d: '12345678901234567890',
  })
  expect(memberTexts('{}')).toEqual({})
})
