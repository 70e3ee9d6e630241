// The ollama package.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Ollama } from 'ollama'
import { all, startSteno, textOf } from './harness.mjs'

const model = 'qwen3:8b'
const prompt = 'Tell me about the tides of the North Sea.'
const messages = [{ role: 'user', content: prompt }]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  return {
    session,
    ollama: new Ollama({ host: `${steno.url}/ollama`, headers: { 'x-steno-session': session } }),
  }
}

function check(call, last, { kind = 'chat', stream = false, answer } = {}) {
  assert.equal(call.kind, kind)
  assert.equal(call.status, 'success')
  assert.equal(call.provider.name, 'ollama')
  assert.deepEqual(call.model, { requested: model, served: last.model })
  assert.equal(call.request.stream, stream)
  assert.equal(call.usage.input_tokens, last.prompt_eval_count)
  assert.equal(call.usage.output_tokens, last.eval_count)
  assert.deepEqual(call.response.finish_reasons, [last.done_reason])
  if (answer !== undefined) assert.equal(textOf(call), answer)
}

test('chat', async () => {
  const { ollama, session } = client()
  const answer = await ollama.chat({ model, messages })
  check(await steno.theCall(session), answer, { answer: answer.message.content })
})

test('chat, streamed', async () => {
  const { ollama, session } = client()
  const lines = await all(await ollama.chat({ model, messages, stream: true }))
  const answer = lines.map((line) => line.message.content).join('')
  const call = await steno.theCall(session)
  check(call, lines.at(-1), { stream: true, answer })
  assert.equal(call.response.chunks, lines.length)
})

test('tools', async () => {
  const { ollama, session } = client()
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const tools = [{ type: 'function', function: { name: 'weather', description: '', parameters } }]
  const answer = await ollama.chat({ model, messages, tools })
  const call = await steno.theCall(session)
  assert.deepEqual(
    call.response.tool_calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
    answer.message.tool_calls.map((tool) => ({ name: tool.function.name, arguments: tool.function.arguments })),
  )
})

test('generate and embed', async () => {
  const { ollama, session } = client()
  const answer = await ollama.generate({ model, prompt })
  const vectors = await ollama.embed({ model, input: 'one' })
  const [first, second] = await steno.calls(session, 2)
  check(first, answer, { kind: 'completion', answer: answer.response })
  assert.equal(second.kind, 'embedding')
  assert.equal(second.usage.input_tokens, vectors.prompt_eval_count)
  assert.deepEqual(second.response.output, { count: 1, dimensions: vectors.embeddings[0].length })
})

test('an error', async () => {
  const { ollama, session } = client()
  const error = await ollama.chat({ model, messages: [{ role: 'user', content: '[sim error=not_found]' }] }).catch((e) => e)
  const call = await steno.theCall(session)
  assert.equal(call.status, 'failure')
  assert.equal(call.error.type, 'not_found')
  assert.equal(call.error.message, error.error)
})
