import { expect, test } from 'vitest'
import type { PromptVersion } from '../api/registry-types'
import { draftFrom, emptyDraft, offsetOf, placeOf, readVersion, valueJson } from './version-draft'

const json = `{"name":"a","version":"2","temperature":0.30,"text":"Say {{a}}","messages":null,
  "parameters":{"seed":12345678901234567890},"variables":[{"name":"a","type":"integer","default":3}],
  "undeclared":[],"includes":[],"labels":["latest"],"author":"ann","notes":"n"}`
const version = JSON.parse(json) as PromptVersion

test('a draft of a version says what the version says, digit by digit, and nothing of its number and author', () => {
  const { json: body, wrong } = readVersion(draftFrom(version, json, 'ben'))
  expect(wrong).toEqual({})
  expect(body).toContain('"temperature":0.30')
  expect(body).toContain('12345678901234567890')
  expect(body).toContain('"variables":[{"name":"a","type":"integer","default":3}]')
  expect(JSON.parse(body)).toMatchObject({ text: 'Say {{a}}', author: 'ben' })
  expect(JSON.parse(body)).not.toHaveProperty('version')
  expect(JSON.parse(body)).not.toHaveProperty('notes')
})

test('what is typed wrongly is told by its field', () => {
  const draft = {
    ...emptyDraft(''),
    temperature: 'hot',
    top_k: '1.5',
    parameters: '[1]',
    tools: '{',
    variables: [{ name: 'a', type: 'list', default: 'x', required: true, description: '' }],
  }
  expect(Object.keys(readVersion(draft).wrong)).toEqual([
    'temperature',
    'top_k',
    'parameters',
    'tools',
    'variables.0',
  ])
})

test('labels are separated by commas, and a rendering is not told of them', () => {
  const { json: body, content } = readVersion({
    ...emptyDraft(''),
    labels: 'staging, , canary',
    version: '3',
  })
  expect(JSON.parse(body)).toMatchObject({ labels: ['staging', 'canary'], version: '3' })
  expect(JSON.parse(content)).toEqual({ text: '' })
})

test('a value is a text, unless its type or its look says JSON', () => {
  expect(valueJson('', 'string')).toBeNull()
  expect(valueJson('[1]', 'string')).toBe('"[1]"')
  expect(valueJson('[1]', undefined)).toBe('[1]')
  expect(valueJson('[1', undefined)).toBe('"[1"')
  expect(valueJson('12', undefined)).toBe('"12"')
  expect(valueJson('12', 'integer')).toBe('12')
})

test('the server’s place is found in the text, counted in characters', () => {
  const place = placeOf('messages[1]: line 2, column 4: {{#a}} is not closed')
  expect(place).toEqual({ message: 1, line: 2, column: 4 })
  expect(offsetOf('x\n😀b {{#a}}', place!)).toBe('x\n😀b '.length)
  expect(placeOf('line 1, column 1: no')?.message).toBeNull()
  expect(placeOf('there is one already')).toBeNull()
})
