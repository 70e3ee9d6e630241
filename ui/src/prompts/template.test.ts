import { describe, expect, test } from 'vitest'
import { includedPrompt, templateParts } from './template'

const shape = (template: string) => templateParts(template).map(({ kind, name }) => [kind, name])

describe('templateParts', () => {
  test('marks what is asked for, and leaves the text between', () => {
    expect(templateParts('Answer {{question}} in a {{ tone }} tone.')).toEqual([
      { kind: 'text', text: 'Answer ', name: '' },
      { kind: 'variable', text: '{{question}}', name: 'question' },
      { kind: 'text', text: ' in a ', name: '' },
      { kind: 'variable', text: '{{ tone }}', name: 'tone' },
      { kind: 'text', text: ' tone.', name: '' },
    ])
  })

  test('knows every kind of tag', () => {
    expect(
      shape('{{#items}}{{.}}{{/items}}{{^items}}{{/items}}{{! why }}{{> tone@1.2}}{{{raw}}}{{&raw}}'),
    ).toEqual([
      ['section', 'items'],
      ['variable', '.'],
      ['section', 'items'],
      ['section', 'items'],
      ['section', 'items'],
      ['comment', 'why'],
      ['include', 'tone@1.2'],
      ['variable', 'raw'],
      ['variable', 'raw'],
    ])
  })

  test('follows other marks, with which braces are text', () => {
    expect(shape('{{=<% %>=}}{{a}}<% b %><%={{ }}=%>{{c}}')).toEqual([
      ['marks', '<% %>'],
      ['text', ''],
      ['variable', 'b'],
      ['marks', '{{ }}'],
      ['variable', 'c'],
    ])
  })

  test('loses nothing, whatever it is given', () => {
    for (const odd of [
      '',
      'plain',
      '{{',
      'a {{ b',
      '{{{a}}',
      '}} {{a}} }}',
      '{{}}',
      '{{=}}',
      '{{= =}}x{{a}}',
    ])
      expect(
        templateParts(odd)
          .map((part) => part.text)
          .join(''),
      ).toBe(odd)
  })
})

test('an include says which version', () => {
  expect(includedPrompt('support/tone@production')).toEqual({ name: 'support/tone', which: 'production' })
  expect(includedPrompt('tone')).toEqual({ name: 'tone', which: '' })
})
