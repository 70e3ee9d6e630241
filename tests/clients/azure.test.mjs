// The openai package's Azure client.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AzureOpenAI, BadRequestError } from 'openai'
import { all, assertCall, assertFailure, key, startSteno } from './harness.mjs'

const prompt = 'Tell me about the tides of the North Sea.'
const model = 'prod-gpt-4o-mini'
const served = 'gpt-4o-mini-2024-07-18'
const messages = [{ role: 'user', content: prompt }]
const totals = (usage) => [usage.prompt_tokens, usage.completion_tokens]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const azure = new AzureOpenAI({
    endpoint: `${steno.url}/azure`,
    apiKey: key,
    apiVersion: '2024-10-21',
    maxRetries: 0,
    defaultHeaders: { 'x-steno-session': session },
  })
  return { azure, session }
}

test('a deployment', async () => {
  const { azure, session } = client()
  const answer = await azure.chat.completions.create({ model, messages })
  const call = await steno.theCall(session)
  assertCall(call, {
    provider: 'azure.ai.openai',
    model,
    served,
    prompt,
    answer: answer.choices[0].message.content,
    usage: totals(answer.usage),
  })
  assert.equal(call.provider.api_version, '2024-10-21')
  assert.equal(call.provider.region, 'Sweden Central')
})

test('a stream', async () => {
  const { azure, session } = client()
  const chunks = await all(
    await azure.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    }),
  )
  const text = chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('')
  assertCall(await steno.theCall(session), {
    provider: 'azure.ai.openai',
    model,
    served,
    stream: true,
    prompt,
    answer: text,
    usage: totals(chunks.at(-1).usage),
  })
})

test('a blocked prompt', async () => {
  const { azure, session } = client()
  const asked = { model, messages: [{ role: 'user', content: '[sim error=content_filter]' }] }
  const error = await azure.chat.completions.create(asked).catch((caught) => caught)
  assert.ok(error instanceof BadRequestError)
  assertFailure(await steno.theCall(session), 'content_filter', 400, error.error.message)
})
