// The @google/genai package.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError, GoogleGenAI } from '@google/genai'
import { all, assertCall, assertFailure, key, startSteno, textOf } from './harness.mjs'

const prompt = 'Tell me about the tides of the North Sea.'
const model = 'gemini-2.5-flash'
const tools = [
  {
    functionDeclarations: [
      {
        name: 'get_weather',
        parametersJsonSchema: {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
        },
      },
      {
        name: 'get_time',
        parametersJsonSchema: {
          type: 'object',
          properties: { zone: { type: 'string' } },
          required: ['zone'],
        },
      },
    ],
  },
]
const totals = (usage) => [
  usage.promptTokenCount,
  (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
]
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const genai = new GoogleGenAI({
    apiKey: key,
    httpOptions: {
      baseUrl: `${steno.url}/gemini`,
      headers: { 'x-steno-session': session },
      retryOptions: { attempts: 1 },
    },
  })
  return { genai, session }
}

test('nothing but the base URL', async () => {
  const genai = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${steno.url}/gemini` } })
  const answer = await genai.models.generateContent({ model, contents: prompt })
  const call = await steno.call(answer.sdkHttpResponse.headers['x-steno-call-id'])
  assertCall(call, {
    provider: 'gcp.gemini',
    model,
    prompt,
    answer: answer.text,
    usage: totals(answer.usageMetadata),
  })
  assert.equal(call.response.id, answer.responseId)
})

test('streamed', async () => {
  const { genai, session } = client()
  const chunks = await all(await genai.models.generateContentStream({ model, contents: prompt }))
  const call = await steno.theCall(session)
  assertCall(call, {
    provider: 'gcp.gemini',
    model,
    stream: true,
    prompt,
    answer: chunks.map((chunk) => chunk.text ?? '').join(''),
    usage: totals(chunks.at(-1).usageMetadata),
  })
  assert.equal(call.response.chunks, chunks.length)
})

for (const stream of [false, true]) {
  test(`function calling and the second round, ${stream ? 'streamed' : 'whole'}`, async () => {
    const { genai, session } = client()
    const contents = [
      { role: 'user', parts: [{ text: 'What is the weather in Kiel? [sim tools=parallel]' }] },
    ]
    const given = { model, contents, config: { tools } }
    const answer = stream
      ? (await all(await genai.models.generateContentStream(given))).at(-1)
      : await genai.models.generateContent(given)
    const expected = answer.functionCalls.map(({ id, name, args }) => ({ id, name, arguments: args }))
    assert.equal(expected.length, 2)
    assertCall(await steno.theCall(session), {
      provider: 'gcp.gemini',
      model,
      stream,
      tools: expected,
      usage: totals(answer.usageMetadata),
    })

    const parts = answer.functionCalls.map(({ id, name }) => ({
      functionResponse: { id, name, response: { result: name } },
    }))
    const second = await genai.models.generateContent({
      ...given,
      contents: [...contents, answer.candidates[0].content, { role: 'user', parts }],
    })
    const call = (await steno.calls(session, 2))[1]
    assert.equal(textOf(call), second.text)
    assert.deepEqual(
      call.request.messages[2].parts,
      answer.functionCalls.map(({ id, name }) => ({
        type: 'tool_result',
        ...(id && { id }),
        name,
        value: { result: name },
      })),
    )
  })
}

test('embedContent', async () => {
  const { genai, session } = client()
  const answer = await genai.models.embedContent({
    model: 'gemini-embedding-001',
    contents: ['in', 'out'],
    config: { outputDimensionality: 64 },
  })
  assert.deepEqual(
    answer.embeddings.map((one) => one.values.length),
    [64, 64],
  )
  const call = await steno.theCall(session)
  assert.deepEqual(
    [call.kind, call.status, call.response.output],
    ['embedding', 'success', { count: 2, dimensions: 64 }],
  )
})

for (const [knob, type, status] of [
  ['invalid', 'invalid_request', 400],
  ['auth', 'authentication', 400],
  ['not_found', 'not_found', 404],
  ['rate_limit', 'rate_limit', 429],
  ['server', 'server', 500],
]) {
  test(`error ${knob}`, async () => {
    const { genai, session } = client()
    const error = await genai.models.generateContent({ model, contents: `[sim error=${knob}]` }).then(
      () => assert.fail('no error'),
      (reason) => reason,
    )
    assert.ok(error instanceof ApiError && error.status === status)
    assertFailure(await steno.theCall(session), type, status, JSON.parse(error.message).error.message)
  })
}
