// Sessions over WebSockets: the openai package, @google/genai, and ws.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { GoogleGenAI, Modality } from '@google/genai'
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import WebSocket from 'ws'
import { key, startSteno, textOf } from './harness.mjs'

let steno
before(async () => (steno = await startSteno()))
after(() => steno.stop())

async function sessionAndCalls(session, count) {
  const calls = await steno.calls(session, count + 1)
  const row = calls.find((call) => call.kind === 'span')
  const others = calls.filter((call) => call !== row).sort((a, b) => a.trace.sequence - b.trace.sequence)
  for (const call of others) assert.equal(call.trace.parent_id, row.id)
  return [row, others]
}

test('the openai package', async () => {
  const session = steno.session()
  const client = new OpenAI({ apiKey: key, baseURL: `${steno.url}/openai/v1` })
  const realtime = await OpenAIRealtimeWS.create(client, {
    model: 'gpt-realtime',
    // The package insists on wss://, and Steno speaks plain HTTP to programs on its own machine.
    options: { createConnection: ({ port, host }) => connect(port, host), headers: { 'x-steno-session': session } },
  })
  const done = []
  const finished = new Promise((resolve, reject) => {
    realtime.on('error', reject)
    realtime.on('session.created', () => {
      realtime.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } })
      realtime.send({
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Tell me about tides.' }] },
      })
      realtime.send({ type: 'response.create' })
    })
    realtime.on('response.done', (event) => {
      done.push(event.response)
      resolve()
    })
  })
  await finished
  const closed = once(realtime.socket, 'close')
  realtime.close()
  await closed
  const [row, [call]] = await sessionAndCalls(session, 1)
  assert.equal(row.status, 'success')
  assert.equal(call.response.id, done[0].id)
  assert.equal(textOf(call), done[0].output[0].content[0].text)
  assert.deepEqual(call.usage.billed, done[0].usage)
})

test('the genai package', async () => {
  const session = steno.session()
  const client = new GoogleGenAI({
    apiKey: key,
    httpOptions: { baseUrl: `${steno.url}/gemini`, headers: { 'x-steno-session': session } },
  })
  const messages = []
  let complete
  const finished = new Promise((resolve) => (complete = resolve))
  const live = await client.live.connect({
    model: 'gemini-live-2.5-flash-preview',
    config: { responseModalities: [Modality.TEXT] },
    callbacks: {
      onmessage(message) {
        messages.push(message)
        if (message.serverContent?.turnComplete) complete()
      },
    },
  })
  live.sendClientContent({ turns: 'Tell me about tides.', turnComplete: true })
  await finished
  live.close()
  const [row, [call]] = await sessionAndCalls(session, 1)
  assert.equal(row.status, 'success')
  assert.equal(textOf(call), messages.map((message) => message.text ?? '').join(''))
  assert.deepEqual(call.usage.billed, messages.at(-1).usageMetadata)
})

test('ws, with compression offered', async () => {
  const session = steno.session()
  const socket = new WebSocket(`${steno.url.replace('http', 'ws')}/openai/v1/realtime?model=gpt-realtime`, ['realtime'], {
    headers: { authorization: `Bearer ${key}`, 'x-steno-session': session },
  })
  const [first] = await once(socket, 'message')
  assert.equal(JSON.parse(first).type, 'session.created')
  assert.equal(socket.protocol, 'realtime')
  assert.equal(socket.extensions, '')
  const pong = once(socket, 'pong')
  socket.ping('there?')
  assert.equal(String((await pong)[0]), 'there?')
  const closed = once(socket, 'close')
  socket.close(1000, 'bye')
  assert.equal((await closed)[0], 1000)
  const [row] = await sessionAndCalls(session, 0)
  assert.deepEqual(row.response.output.close, { by: 'client', code: 1000, reason: 'bye' })
})
