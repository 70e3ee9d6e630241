// The @anthropic-ai/vertex-sdk package.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk'
import { assertCall, key, startSteno } from './harness.mjs'

const prompt = 'Tell me about the tides of the North Sea.'
const model = 'claude-haiku-4-5@20251001'
const asked = { model, max_tokens: 500, messages: [{ role: 'user', content: prompt }] }
let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

function client() {
  const session = steno.session()
  const claude = new AnthropicVertex({
    region: 'europe-west4',
    projectId: 'p-1',
    authClient: { getRequestHeaders: async () => new Headers({ authorization: `Bearer ${key}` }) },
    baseURL: `${steno.url}/vertex/v1`,
    maxRetries: 0,
    defaultHeaders: { 'x-steno-session': session },
  })
  return { claude, session }
}

for (const stream of [false, true]) {
  test(stream ? 'a stream' : 'a message', async () => {
    const { claude, session } = client()
    const message = stream
      ? await claude.messages.stream(asked).finalMessage()
      : await claude.messages.create(asked)
    const call = await steno.theCall(session)
    assertCall(call, {
      provider: 'gcp.vertex_ai',
      model,
      stream,
      prompt,
      answer: message.content[0].text,
      usage: [message.usage.input_tokens, message.usage.output_tokens],
    })
    assert.equal(call.provider.region, 'europe-west4')
    assert.equal(call.response.id, message.id)
  })
}
