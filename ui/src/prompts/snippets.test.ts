import { expect, test } from 'vitest'
import { fetchSnippets, shellWord } from './snippets'

const code = (wanted: Partial<Parameters<typeof fetchSnippets>[0]>) =>
  Object.fromEntries(
    fetchSnippets({ origin: 'http://127.0.0.1:8787', prompt: 'answer', withKey: false, ...wanted }).map(
      (each) => [each.id, each.code],
    ),
  )

test('by label, by number, and by neither', () => {
  expect(code({ label: 'production' }).curl).toBe(
    'curl "http://127.0.0.1:8787/api/v1/prompts/answer/fetch?label=production"',
  )
  expect(code({ version: '1.2' }).curl).toContain('/fetch?version=1.2"')
  expect(code({}).curl).toContain('/answer/fetch"')
  expect(code({ version: '2' }).command).toBe(
    'steno prompts show answer --version 2 --server http://127.0.0.1:8787',
  )
})

test('a name is one part of the path, and cannot break out of quotes', () => {
  const odd = code({ prompt: `a/b "$(x)" 'y'` })
  expect(odd.curl).toContain('/prompts/a%2Fb%20%22%24%28x%29%22%20%27y%27/fetch')
  expect(odd.command).toContain(`show 'a/b "$(x)" '\\''y'\\'''`)
})

test('the key comes from the environment', () => {
  expect(code({ withKey: true }).curl).toContain('Bearer $STENO_API_KEY')
  expect(code({ withKey: true }).python).toContain('os.environ["STENO_API_KEY"]')
  expect(code({}).python).not.toContain('os')
})

test('plain words need no quotes', () => {
  expect(shellWord('support/answer')).toBe('support/answer')
  expect(shellWord('two words')).toBe("'two words'")
})
