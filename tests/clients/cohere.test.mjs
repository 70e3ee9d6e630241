// The cohere-ai package: both of its clients.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai'
import { all, assertCall, assertFailure, key, startSteno } from './harness.mjs'

const model = 'command-a-03-2025'
const prompt = 'Tell me about the tides of the North Sea.'
const ask = (content = prompt) => ({ model, messages: [{ role: 'user', content }] })
const known = { provider: 'cohere', model, served: null }
const units = ({ billedUnits }) => [billedUnits.inputTokens, billedUnits.outputTokens]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client(Class = CohereClientV2) {
  const session = steno.session()
  const headers = { 'x-steno-session': session }
  const options = { maxRetries: 0, headers }
  const cohere = new Class({ token: key, baseUrl: `${steno.url}/cohere`, headers })
  return { cohere, session, options }
}

test('chat', async () => {
  const { cohere, session, options } = client()
  const answer = await cohere.chat(ask(), options)
  const call = await steno.theCall(session)
  assertCall(call, { ...known, prompt, answer: answer.message.content[0].text, usage: units(answer.usage) })
  assert.equal(call.response.id, answer.id)
  assert.deepEqual(call.response.finish_reasons, ['COMPLETE'])
})

test('chat, streamed', async () => {
  const { cohere, session, options } = client()
  const events = await all(await cohere.chatStream(ask(), options))
  const end = events.find((event) => event.type === 'message-end')
  const call = await steno.theCall(session)
  assertCall(call, {
    ...known,
    stream: true,
    prompt,
    answer: events.map((event) => event.delta?.message?.content?.text ?? '').join(''),
    usage: units(end.delta.usage),
  })
  assert.equal(call.response.chunks, events.length)
})

for (const stream of [false, true]) {
  test(`parallel tools, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { cohere, session, options } = client()
    const tools = ['get_weather', 'get_time'].map((name) => ({
      type: 'function',
      function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    }))
    const request = { ...ask('What is the weather in Kiel? [sim tools=parallel]'), tools }
    let calls = []
    let usage
    if (stream) {
      for await (const event of await cohere.chatStream(request, options)) {
        const call = event.delta?.message?.toolCalls
        if (event.type === 'tool-call-start') calls.push({ ...call, function: { ...call.function } })
        if (event.type === 'tool-call-delta') calls[event.index].function.arguments += call.function.arguments
        if (event.type === 'message-end') usage = event.delta.usage
      }
    } else {
      const answer = await cohere.chat(request, options)
      calls = answer.message.toolCalls
      usage = answer.usage
    }
    assert.equal(calls.length, 2)
    assertCall(await steno.theCall(session), {
      ...known,
      stream,
      usage: units(usage),
      tools: calls.map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments),
      })),
    })
  })
}

test('v1 chat, whole and streamed', async () => {
  const { cohere, session, options } = client(CohereClient)
  const answer = await cohere.chat({ model, message: prompt }, options)
  const events = await all(await cohere.chatStream({ model, message: prompt }, options))
  const [first, second] = await steno.calls(session, 2)
  assertCall(first, { ...known, prompt, answer: answer.text, usage: units(answer.meta) })
  const { response } = events.at(-1)
  assertCall(second, { ...known, stream: true, prompt, answer: response.text, usage: units(response.meta) })
  assert.equal(second.response.id, response.responseId)
})

test('embed and rerank', async () => {
  const { cohere, session, options } = client()
  const embedded = await cohere.embed(
    {
      model: 'embed-v4.0',
      texts: ['in', 'out'],
      inputType: 'search_document',
      embeddingTypes: ['float'],
      outputDimension: 256,
    },
    options,
  )
  const ranked = await cohere.rerank(
    { model: 'rerank-v3.5', query: 'tides', documents: ['high tides', 'bread'] },
    options,
  )
  const [embed, rerank] = await steno.calls(session, 2)
  assertCall(embed, {
    provider: 'cohere',
    model: 'embed-v4.0',
    served: null,
    kind: 'embedding',
    usage: [embedded.meta.billedUnits.inputTokens, 0],
  })
  assert.deepEqual(embed.response.output, { count: 2, dimensions: 256 })
  assert.equal(rerank.kind, 'rerank')
  assert.equal(rerank.usage.searches, ranked.meta.billedUnits.searchUnits)
  assert.deepEqual(
    rerank.response.output.map((one) => one.index),
    ranked.results.map((one) => one.index),
  )
})

for (const [knob, type, status] of [
  ['error=auth', 'authentication', 401],
  ['error=rate_limit', 'rate_limit', 429],
  ['error=server', 'server', 500],
]) {
  test(`an error: ${type}`, async () => {
    const { cohere, session, options } = client()
    const failed = await cohere.chat(ask(`[sim ${knob}]`), options).catch((error) => error)
    assert.ok(failed instanceof CohereError)
    assertFailure(await steno.theCall(session), type, status, failed.body.message)
  })
}
