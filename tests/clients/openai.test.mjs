// The openai package.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI from 'openai'
import { all, assertCall, assertFailure, key, startSteno, textOf } from './harness.mjs'

const prompt = 'Tell me about the tides of the North Sea.'
const ask = (content = prompt) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
const functions = [
  {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  {
    name: 'get_time',
    parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
  },
]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const openai = new OpenAI({
    baseURL: `${steno.url}/openai/v1`,
    apiKey: key,
    maxRetries: 0,
    defaultHeaders: { 'x-steno-session': session },
  })
  return { openai, session }
}

test('nothing but the base URL', async () => {
  process.env.OPENAI_BASE_URL = `${steno.url}/openai/v1`
  process.env.OPENAI_API_KEY = key
  const { data, response } = await new OpenAI().chat.completions.create(ask()).withResponse()
  const call = await steno.call(response.headers.get('x-steno-call-id'))
  assertCall(call, {
    provider: 'openai',
    model: 'gpt-4o-mini',
    served: data.model,
    prompt,
    answer: data.choices[0].message.content,
    usage: [data.usage.prompt_tokens, data.usage.completion_tokens],
  })
  assert.deepEqual(call.usage.billed, data.usage)
  assert.equal(call.provider.request_id, data._request_id)
})

for (const include_usage of [true, false]) {
  test(`chat, streamed, ${include_usage ? 'with' : 'without'} usage`, async () => {
    const { openai, session } = client()
    const chunks = await all(
      await openai.chat.completions.create({
        ...ask(),
        stream: true,
        ...(include_usage && { stream_options: { include_usage } }),
      }),
    )
    const usage = chunks.at(-1).usage
    const call = await steno.theCall(session)
    assertCall(call, {
      provider: 'openai',
      model: 'gpt-4o-mini',
      served: chunks[0].model,
      stream: true,
      prompt,
      answer: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''),
      usage: include_usage ? [usage.prompt_tokens, usage.completion_tokens] : undefined,
    })
    // Where usage was asked for in the client's place, one chunk came that the client never saw.
    assert.equal(call.response.chunks, chunks.length + (include_usage ? 0 : 1))
    assert.equal(call.usage.asked, include_usage ? undefined : true)
    assert.ok(Number(call.cost.total) > 0)
  })
}

for (const stream of [false, true]) {
  test(`parallel tools and the second round, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { openai, session } = client()
    const tools = functions.map((one) => ({ type: 'function', function: one }))
    const asked = ask('What is the weather in Kiel? [sim tools=parallel]')
    const answer = stream
      ? await openai.chat.completions
          .stream({ ...asked, tools, stream_options: { include_usage: true } })
          .finalChatCompletion()
      : await openai.chat.completions.create({ ...asked, tools })
    const { message } = answer.choices[0]
    assert.equal(message.tool_calls.length, 2)
    const expected = message.tool_calls.map((call) => ({
      id: call.id,
      name: call.function.name,
      arguments: JSON.parse(call.function.arguments),
    }))
    assertCall(await steno.theCall(session), {
      provider: 'openai',
      model: 'gpt-4o-mini',
      served: answer.model,
      stream,
      tools: expected,
      usage: [answer.usage.prompt_tokens, answer.usage.completion_tokens],
    })

    const results = message.tool_calls.map(({ id }) => ({
      role: 'tool',
      tool_call_id: id,
      content: `result of ${id}`,
    }))
    const calls = message.tool_calls.map(({ id, type, function: { name, arguments: given } }) => ({
      id,
      type,
      function: { name, arguments: given },
    }))
    const second = await openai.chat.completions.create({
      ...asked,
      tools,
      messages: [...asked.messages, { role: 'assistant', content: null, tool_calls: calls }, ...results],
    })
    const call = (await steno.calls(session, 2))[1]
    assert.equal(textOf(call), second.choices[0].message.content)
    assert.deepEqual(
      call.request.messages[1].parts.map(({ id, name, value }) => ({ id, name, arguments: value })),
      expected,
    )
    assert.deepEqual(
      call.request.messages.slice(2).map(({ parts }) => parts[0]),
      results.map((one) => ({ type: 'tool_result', id: one.tool_call_id, text: one.content })),
    )
  })

  test(`responses, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { openai, session } = client()
    const given = { model: 'gpt-4o-mini', instructions: 'Be brief.', input: prompt }
    const events = stream ? await all(await openai.responses.create({ ...given, stream })) : []
    const answer = stream ? events.at(-1).response : await openai.responses.create(given)
    const text = answer.output
      .flatMap((item) => item.content ?? [])
      .map((part) => part.text)
      .join('')
    const call = await steno.theCall(session)
    assertCall(call, {
      provider: 'openai',
      model: 'gpt-4o-mini',
      served: answer.model,
      stream,
      prompt,
      answer: text,
      usage: [answer.usage.input_tokens, answer.usage.output_tokens],
    })
    assert.deepEqual(call.usage.billed, answer.usage)
    assert.equal(call.request.system, 'Be brief.')
    if (stream) assert.equal(call.response.chunks, events.length)
  })
}

test('responses with a tool', async () => {
  const { openai, session } = client()
  const answer = await openai.responses.create({
    model: 'gpt-4o-mini',
    input: 'What is the weather in Kiel?',
    tools: functions.map((one) => ({ type: 'function', strict: false, ...one })),
  })
  const tools = answer.output
    .filter((item) => item.type === 'function_call')
    .map((item) => ({ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) }))
  assert.equal(tools.length, 1)
  assertCall(await steno.theCall(session), {
    provider: 'openai',
    model: 'gpt-4o-mini',
    served: answer.model,
    tools,
    usage: [answer.usage.input_tokens, answer.usage.output_tokens],
  })
})

test('embeddings', async () => {
  const { openai, session } = client()
  const input = ['the tide comes in', 'the tide goes out']
  const answer = await openai.embeddings.create({ model: 'text-embedding-3-small', input, dimensions: 64 })
  assert.deepEqual(
    answer.data.map((one) => one.embedding.length),
    [64, 64],
  )
  const call = await steno.theCall(session)
  assertCall(call, {
    provider: 'openai',
    model: 'text-embedding-3-small',
    kind: 'embedding',
    usage: [answer.usage.prompt_tokens, 0],
  })
  assert.deepEqual(call.response.output, { count: 2, dimensions: 64 })
})

for (const [knob, kind, type, status] of [
  ['invalid', OpenAI.BadRequestError, 'invalid_request', 400],
  ['auth', OpenAI.AuthenticationError, 'authentication', 401],
  ['not_found', OpenAI.NotFoundError, 'not_found', 404],
  ['rate_limit', OpenAI.RateLimitError, 'rate_limit', 429],
  ['server', OpenAI.InternalServerError, 'server', 500],
]) {
  test(`error ${status}`, async () => {
    const { openai, session } = client()
    const error = await openai.chat.completions.create(ask(`[sim error=${knob}]`)).then(
      () => assert.fail('no error'),
      (reason) => reason,
    )
    assert.ok(error instanceof kind)
    const call = await steno.theCall(session)
    assertFailure(call, type, status, error.error.message)
    assert.equal(call.provider.request_id, error.requestID)
  })
}

test('a stream that breaks', async () => {
  const { openai, session } = client()
  let text = ''
  await assert.rejects(async () => {
    for await (const chunk of await openai.chat.completions.create({
      ...ask(`[sim cut-after=4 chunks=9] ${prompt}`),
      stream: true,
    }))
      text += chunk.choices[0].delta.content ?? ''
  })
  const call = await steno.theCall(session)
  assert.deepEqual([call.status, call.error.type, textOf(call)], ['partial', 'connection', text])
})

test('a client that stops', async () => {
  const { openai, session } = client()
  const stream = await openai.chat.completions.create({
    ...ask(`[sim chunks=50 chunk-delay-ms=100] ${prompt}`),
    stream: true,
  })
  for await (const _ of stream) break
  stream.controller.abort()
  const call = await steno.theCall(session)
  assert.deepEqual([call.status, call.error.type], ['cancelled', 'cancelled'])
})
