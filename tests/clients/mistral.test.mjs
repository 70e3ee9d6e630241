// The @mistralai/mistralai package.
import { HTTPClient, Mistral } from '@mistralai/mistralai'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { all, assertCall, assertFailure, key, startSteno } from './harness.mjs'

const model = 'mistral-medium-2508'
const prompt = 'Tell me about the tides of the North Sea.'
const ask = (content = prompt) => ({ model, messages: [{ role: 'user', content }] })
const known = { provider: 'mistral_ai', model }
const counts = (usage) => [usage.promptTokens, usage.completionTokens]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const httpClient = new HTTPClient()
  httpClient.addHook('beforeRequest', (request) => {
    const named = new Request(request)
    named.headers.set('x-steno-session', session)
    return named
  })
  const mistral = new Mistral({
    apiKey: key,
    serverURL: `${steno.url}/mistral`,
    httpClient,
    retryConfig: { strategy: 'none' },
  })
  return { mistral, session }
}

test('chat', async () => {
  const { mistral, session } = client()
  const answer = await mistral.chat.complete(ask())
  const call = await steno.theCall(session)
  assertCall(call, {
    ...known,
    prompt,
    answer: answer.choices[0].message.content,
    usage: counts(answer.usage),
  })
  assert.equal(call.response.id, answer.id)
})

test('chat, streamed', async () => {
  const { mistral, session } = client()
  const chunks = (await all(await mistral.chat.stream(ask()))).map((event) => event.data)
  const call = await steno.theCall(session)
  assertCall(call, {
    ...known,
    stream: true,
    prompt,
    answer: chunks.map((chunk) => chunk.choices[0].delta.content).join(''),
    usage: counts(chunks.at(-1).usage),
  })
  assert.equal(call.response.chunks, chunks.length)
})

for (const stream of [false, true]) {
  test(`parallel tools, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { mistral, session } = client()
    const tools = ['get_weather', 'get_time'].map((name) => ({
      type: 'function',
      function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    }))
    const request = { ...ask('What is the weather in Kiel? [sim tools=parallel]'), tools }
    const answer = stream
      ? (await all(await mistral.chat.stream(request))).at(-1).data
      : await mistral.chat.complete(request)
    const calls = (answer.choices[0].delta ?? answer.choices[0].message).toolCalls
    assert.equal(calls.length, 2)
    assertCall(await steno.theCall(session), {
      ...known,
      stream,
      usage: counts(answer.usage),
      tools: calls.map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments),
      })),
    })
  })
}

test('fill in the middle, OCR and embeddings', async () => {
  const { mistral, session } = client()
  const filled = await mistral.fim.complete({ model: 'codestral-2508', prompt: 'def f(', suffix: 'return a' })
  const pages = await mistral.ocr.process({
    model: 'mistral-ocr-latest',
    document: { type: 'document_url', documentUrl: 'https://example.com/tides.pdf' },
  })
  const embedded = await mistral.embeddings.create({ model: 'mistral-embed', inputs: ['in', 'out'] })
  const [fim, ocr, embed] = await steno.calls(session, 3)
  assertCall(fim, {
    provider: 'mistral_ai',
    model: 'codestral-2508',
    kind: 'completion',
    answer: filled.choices[0].message.content,
    usage: counts(filled.usage),
  })
  assert.equal(ocr.usage.pages, pages.usageInfo.pagesProcessed)
  assertCall(embed, {
    provider: 'mistral_ai',
    model: 'mistral-embed',
    kind: 'embedding',
    usage: [embedded.usage.promptTokens, 0],
  })
})

test('a conversation, streamed', async () => {
  const { mistral, session } = client()
  const events = await all(await mistral.beta.conversations.startStream({ model, inputs: prompt }))
  const data = events.map((event) => event.data)
  const call = await steno.theCall(session)
  assertCall(call, {
    ...known,
    stream: true,
    prompt,
    answer: data.map((event) => event.content ?? '').join(''),
    usage: counts(data.at(-1).usage),
  })
  assert.equal(call.response.id, data[0].conversationId)
})

for (const [knob, type, status] of [
  ['error=auth', 'authentication', 401],
  ['error=rate_limit', 'rate_limit', 429],
  ['error=server', 'server', 500],
]) {
  test(`an error: ${type}`, async () => {
    const { mistral, session } = client()
    const failed = await mistral.chat.complete(ask(`[sim ${knob}]`)).catch((error) => error)
    const body = JSON.parse(failed.body)
    assertFailure(await steno.theCall(session), type, status, body.message ?? body.detail)
  })
}
