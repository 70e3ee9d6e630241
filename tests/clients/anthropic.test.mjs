// The @anthropic-ai/sdk package.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { all, assertCall, assertFailure, key, startSteno, textOf } from './harness.mjs'

const prompt = 'Tell me about the tides of the North Sea.'
const ask = (content = prompt) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 500,
  messages: [{ role: 'user', content }],
})
const tools = [
  {
    name: 'get_weather',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  {
    name: 'get_time',
    input_schema: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
  },
]
const said = (message) =>
  message.content
    .filter((block) => block.type === 'text')
    .map((block) => block.text)
    .join('')
const totals = (usage) => [
  usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
  usage.output_tokens,
]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const anthropic = new Anthropic({
    baseURL: `${steno.url}/anthropic`,
    apiKey: key,
    maxRetries: 0,
    defaultHeaders: { 'x-steno-session': session },
  })
  return { anthropic, session }
}

test('nothing but the base URL', async () => {
  process.env.ANTHROPIC_BASE_URL = `${steno.url}/anthropic`
  process.env.ANTHROPIC_API_KEY = key
  const { data, response } = await new Anthropic().messages.create(ask()).withResponse()
  const call = await steno.call(response.headers.get('x-steno-call-id'))
  assertCall(call, {
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    prompt,
    answer: said(data),
    usage: totals(data.usage),
  })
  assert.deepEqual(call.usage.billed, data.usage)
  assert.equal(call.provider.request_id, data._request_id)
})

test('events of a stream', async () => {
  const { anthropic, session } = client()
  const events = await all(await anthropic.messages.create({ ...ask(), stream: true }))
  const end = events.find((event) => event.type === 'message_delta')
  const answer = events
    .filter((event) => event.type === 'content_block_delta')
    .map((event) => event.delta.text)
    .join('')
  assertCall(await steno.theCall(session), {
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    stream: true,
    prompt,
    answer,
    usage: totals(end.usage),
  })
})

test('the stream helper', async () => {
  const { anthropic, session } = client()
  const message = await anthropic.messages.stream(ask()).finalMessage()
  assertCall(await steno.theCall(session), {
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    stream: true,
    prompt,
    answer: said(message),
    usage: totals(message.usage),
  })
})

for (const stream of [false, true]) {
  test(`parallel tools and the second round, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { anthropic, session } = client()
    const asked = { ...ask('What is the weather in Kiel? [sim tools=parallel]'), tools }
    const message = stream
      ? await anthropic.messages.stream(asked).finalMessage()
      : await anthropic.messages.create(asked)
    const uses = message.content.filter((block) => block.type === 'tool_use')
    const expected = uses.map(({ id, name, input }) => ({ id, name, arguments: input }))
    assert.equal(expected.length, 2)
    assertCall(await steno.theCall(session), {
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      stream,
      tools: expected,
      usage: totals(message.usage),
    })

    const content = uses.map(({ id }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: `result of ${id}`,
    }))
    const second = await anthropic.messages.create({
      ...asked,
      messages: [
        ...asked.messages,
        { role: 'assistant', content: message.content },
        { role: 'user', content },
      ],
    })
    const call = (await steno.calls(session, 2))[1]
    assert.equal(textOf(call), said(second))
    assert.deepEqual(
      call.request.messages[1].parts.map(({ id, name, value }) => ({ id, name, arguments: value })),
      expected,
    )
    assert.deepEqual(
      call.request.messages[2].parts,
      content.map((one) => ({ type: 'tool_result', id: one.tool_use_id, text: one.content })),
    )
  })
}

test('count_tokens', async () => {
  const { anthropic, session } = client()
  assert.ok(
    (await anthropic.messages.countTokens({ model: 'claude-haiku-4-5', messages: ask().messages }))
      .input_tokens > 5,
  )
  const call = await steno.theCall(session)
  assert.deepEqual([call.kind, call.status, 'cost' in call], ['span', 'success', false])
})

for (const [knob, kind, type, status] of [
  ['auth', Anthropic.AuthenticationError, 'authentication', 401],
  ['rate_limit', Anthropic.RateLimitError, 'rate_limit', 429],
  ['overloaded', Anthropic.InternalServerError, 'overloaded', 529],
]) {
  test(`error ${status}`, async () => {
    const { anthropic, session } = client()
    const error = await anthropic.messages.create(ask(`[sim error=${knob}]`)).then(
      () => assert.fail('no error'),
      (reason) => reason,
    )
    assert.ok(error instanceof kind)
    const call = await steno.theCall(session)
    assertFailure(call, type, status, error.error.error.message)
    assert.equal(call.provider.request_id, error.requestID)
  })
}

test('an error inside a stream', async () => {
  const { anthropic, session } = client()
  await assert.rejects(
    anthropic.messages.stream(ask(`[sim stream-error-after=7 chunks=9] ${prompt}`)).finalMessage(),
  )
  const call = await steno.theCall(session)
  assert.deepEqual([call.status, call.error.type, call.provider.http_status], ['failure', 'overloaded', 200])
})
