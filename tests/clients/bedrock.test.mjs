// @aws-sdk/client-bedrock-runtime and @anthropic-ai/bedrock-sdk.
import AnthropicBedrock from '@anthropic-ai/bedrock-sdk'
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { all, assertCall, assertFailure, startSteno } from './harness.mjs'

const nova = 'amazon.nova-lite-v1:0'
const claude = 'anthropic.claude-haiku-4-5-20251001-v1:0'
const prompt = 'Tell me about the tides of the North Sea.'
const secret = 'SECRETwJalrXUtnFEMIbPxRfiCYEXAMPLE'
const ask = (text = prompt) => [{ role: 'user', content: [{ text }] }]
const known = { provider: 'aws.bedrock', model: nova, served: null }
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const bedrock = new BedrockRuntimeClient({
    region: 'eu-central-1',
    endpoint: `${steno.url}/bedrock`,
    credentials: { accessKeyId: 'AKIASECRETCLIENT', secretAccessKey: secret },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  })
  bedrock.middlewareStack.add(
    (next) => (args) => {
      args.request.headers['x-steno-session'] = session
      return next(args)
    },
    { step: 'build' },
  )
  return { bedrock, session }
}

test('converse', async () => {
  const { bedrock, session } = client()
  const { output, usage, stopReason } = await bedrock.send(
    new ConverseCommand({ modelId: nova, messages: ask() }),
  )
  const call = await steno.theCall(session)
  assertCall(call, {
    ...known,
    prompt,
    answer: output.message.content[0].text,
    usage: [usage.inputTokens, usage.outputTokens],
  })
  assert.deepEqual(call.response.finish_reasons, [stopReason])
})

test('converse, streamed', async () => {
  const { bedrock, session } = client()
  const { stream } = await bedrock.send(new ConverseStreamCommand({ modelId: nova, messages: ask() }))
  const events = await all(stream)
  const { usage } = events.at(-1).metadata
  assertCall(await steno.theCall(session), {
    ...known,
    stream: true,
    prompt,
    answer: events.map((event) => event.contentBlockDelta?.delta.text ?? '').join(''),
    usage: [usage.inputTokens, usage.outputTokens],
  })
})

test('a tool, streamed', async () => {
  const { bedrock, session } = client()
  const json = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const toolConfig = { tools: [{ toolSpec: { name: 'get_weather', inputSchema: { json } } }] }
  const { stream } = await bedrock.send(
    new ConverseStreamCommand({ modelId: nova, messages: ask(), toolConfig }),
  )
  const events = await all(stream)
  const { toolUse } = events.find((event) => event.contentBlockStart).contentBlockStart.start
  const input = events.map((event) => event.contentBlockDelta?.delta.toolUse?.input ?? '').join('')
  assertCall(await steno.theCall(session), {
    ...known,
    stream: true,
    tools: [{ id: toolUse.toolUseId, name: 'get_weather', arguments: JSON.parse(input) }],
  })
})

const body = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 300,
  messages: [{ role: 'user', content: prompt }],
})

test('Claude by InvokeModel', async () => {
  const { bedrock, session } = client()
  const answer = await bedrock.send(new InvokeModelCommand({ modelId: claude, body }))
  const message = JSON.parse(new TextDecoder().decode(answer.body))
  assertCall(await steno.theCall(session), {
    ...known,
    model: claude,
    served: message.model,
    prompt,
    answer: message.content[0].text,
    usage: [message.usage.input_tokens, message.usage.output_tokens],
  })
})

test('Claude by InvokeModel, streamed', async () => {
  const { bedrock, session } = client()
  const answer = await bedrock.send(new InvokeModelWithResponseStreamCommand({ modelId: claude, body }))
  const events = (await all(answer.body)).map(({ chunk }) => JSON.parse(new TextDecoder().decode(chunk.bytes)))
  const metrics = events.at(-1)['amazon-bedrock-invocationMetrics']
  assertCall(await steno.theCall(session), {
    ...known,
    model: claude,
    served: events[0].message.model,
    stream: true,
    prompt,
    answer: events.map((event) => event.delta?.text ?? '').join(''),
    usage: [metrics.inputTokenCount, metrics.outputTokenCount],
  })
})

test('an error', async () => {
  const { bedrock, session } = client()
  const failing = bedrock.send(
    new ConverseCommand({ modelId: nova, messages: ask('No. [sim error=rate_limit]') }),
  )
  const error = await failing.then(
    () => assert.fail('no error'),
    (thrown) => thrown,
  )
  assert.equal(error.name, 'ThrottlingException')
  const call = await steno.theCall(session)
  assertFailure(call, 'rate_limit', 429, error.message)
  assert.equal(call.error.provider_type, 'ThrottlingException')
})

function anthropic() {
  const session = steno.session()
  const bedrock = new AnthropicBedrock({
    awsAccessKey: 'AKIASECRETCLIENT',
    awsSecretKey: secret,
    awsRegion: 'eu-central-1',
    baseURL: `${steno.url}/bedrock`,
    maxRetries: 0,
    defaultHeaders: { 'x-steno-session': session },
  })
  return { bedrock, session, request: { model: claude, max_tokens: 300, messages: [{ role: 'user', content: prompt }] } }
}

test("Anthropic's client", async () => {
  const { bedrock, session, request } = anthropic()
  const message = await bedrock.messages.create(request)
  assertCall(await steno.theCall(session), {
    ...known,
    model: claude,
    served: message.model,
    prompt,
    answer: message.content[0].text,
    usage: [message.usage.input_tokens, message.usage.output_tokens],
  })
})

test("Anthropic's client, streamed", async () => {
  const { bedrock, session, request } = anthropic()
  const events = await all(await bedrock.messages.create({ ...request, stream: true }))
  const { usage } = events.find((event) => event.type === 'message_delta')
  assertCall(await steno.theCall(session), {
    ...known,
    model: claude,
    served: events[0].message.model,
    stream: true,
    prompt,
    answer: events.map((event) => event.delta?.text ?? '').join(''),
    usage: [usage.input_tokens, usage.output_tokens],
  })
})
