// Development only: speaks enough of Steno's HTTP API, from made-up data in memory, to work on the page without a
// server. Nothing of it is in the product.
//   node dev/mock-server.mjs [--port N] [--empty] [--quiet] [--dist FOLDER]
// --empty starts without calls, --quiet makes no new ones, --dist serves a built page under the server's own policy.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { parseArgs } from 'node:util'
import { makeAgentRun, makeCall, random, stamp, uuid } from './mock-data.mjs'
import { aggregate, list, listItem, predicate, requestTree } from './mock-query.mjs'

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '8791' },
    empty: { type: 'boolean' },
    quiet: { type: 'boolean' },
    dist: { type: 'string' },
  },
})

const rnd = random(7)
const started = Date.now()
let counter = 0
const calls = []
const listeners = new Set()

if (!options.empty) {
  for (let i = 0; i < 900; i++) {
    const back = Math.pow(rnd(), 1.6) * 26 * 3600e3
    calls.push(makeCall(++counter, started - 20e3 - back, rnd))
  }
  for (let i = 0; i < 4; i++) calls.push(...makeAgentRun(i, started - 45e3 - i * 1500e3))
}

function announce(call) {
  for (const listener of listeners)
    if (listener.wants(call))
      listener.response.write(`event: call\ndata: ${JSON.stringify(listItem(call))}\n\n`)
}

/** Puts a call on the record as running and ends it after `delay`. */
function record(ended, delay) {
  const running = {
    id: ended.id,
    kind: ended.kind,
    name: ended.name,
    source: ended.source,
    status: 'running',
    started_at: ended.started_at,
    project: ended.project,
    time: {},
    trace: ended.trace,
    who: ended.who,
    provider: { name: ended.provider?.name, endpoint: ended.provider?.endpoint },
    model: { requested: ended.model?.requested },
    request: ended.request,
    labels: ended.labels,
    prompt: ended.prompt,
    preview: { prompt: ended.preview.prompt, answer: '' },
  }
  calls.push(running)
  announce(running)
  setTimeout(() => {
    calls[calls.indexOf(running)] = ended
    announce(ended)
  }, delay)
}

if (!options.quiet && !options.empty) {
  setInterval(() => {
    const call = makeCall(++counter, Date.now(), rnd)
    record(call, Math.min(call.time.duration_ms, 9000))
  }, 1700)
}
setInterval(() => {
  for (const listener of listeners) listener.response.write(': ping\n\n')
}, 15e3)

const problem = (status, title, detail, remedy) => ({
  status,
  body: { type: 'about:blank', status, title, detail, remedy },
})

async function readBody(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function api(request, url) {
  const path = url.pathname.slice('/api/v1'.length)
  const query = url.searchParams
  if (query.get('status') === 'explode')
    return problem(
      400,
      'Unknown status',
      'status=explode is not one of success, failure, partial, cancelled, interrupted, running.',
      'Use one of these, or remove the filter.',
    )
  if (path === '/calls') return { status: 200, body: list(calls, query) }
  if (path === '/aggregate') return { status: 200, body: aggregate(calls, query) }
  if (path === '/status')
    return {
      status: 200,
      body: {
        version: '0.1.0-mock',
        uptime_s: Math.round((Date.now() - started) / 1000),
        data_dir: '/mock',
        upstreams: [
          { name: 'openai', url: 'https://api.openai.com' },
          { name: 'anthropic', url: 'https://api.anthropic.com' },
          { name: 'gemini', url: 'https://generativelanguage.googleapis.com' },
        ],
        journal: { durable_position: 'a/1', segments: 1, bytes: 1234567 },
        store: { behind_records: 0, rows: calls.length },
        calls_running: calls.filter((c) => c.status === 'running').length,
      },
    }
  const tree = /^\/requests\/([^/]+)$/.exec(path)
  if (tree) {
    const body = requestTree(calls, decodeURIComponent(tree[1]))
    return body
      ? { status: 200, body }
      : problem(
          404,
          'No such request',
          `No call on the record has the request id ${tree[1]}.`,
          'Check the id; calls sent without the header x-steno-request have none.',
        )
  }
  const one = /^\/calls\/([^/]+)(\/raw|\/feedback)?$/.exec(path)
  const call = one && calls.find((each) => each.id === one[1])
  if (!call)
    return problem(
      404,
      'No such call',
      `There is nothing on the record under ${path}.`,
      'Check the id; the call may have been erased.',
    )
  if (one[2] === '/feedback') {
    call.feedback = { ...JSON.parse(await readBody(request)), at: stamp(Date.now()) }
    return { status: 200, body: { position: `a/${++counter}` } }
  }
  if (one[2] === '/raw')
    return query.get('part') === 'request'
      ? {
          status: 200,
          text: JSON.stringify({
            model: call.model?.requested,
            messages: call.request?.messages,
            temperature: 0.2,
          }),
        }
      : problem(404, 'Not kept', 'The exact bytes were not kept.', '')
  return { status: 200, body: call }
}

/** A stand-in for the gateway, so that the page can be tried with a client. */
async function gateway(request, response, url) {
  const body = JSON.parse((await readBody(request)) || '{}')
  const header = (name) => request.headers[`x-steno-${name}`]
  const call = makeCall(++counter, Date.now(), random(1))
  const prompt = String(body.messages?.at(-1)?.content ?? '')
  // The simulator's own way of steering, as far as the page's tests use it.
  const knob = (name) => new RegExp(`\\[sim[^\\]]*\\b${name}=([^ \\]]+)`).exec(prompt)?.[1]
  const answer = decodeURIComponent(knob('text') ?? 'Hello.')
  const failed = knob('status') === '429'
  Object.assign(call, {
    id: uuid(`gateway ${counter} ${started}`),
    name: body.model,
    status: failed ? 'failure' : 'success',
    trace: {
      session_id: header('session'),
      request_id: header('request'),
      agent: header('agent'),
      parent_id: header('parent'),
    },
    who: { user_id: header('user') },
    provider: {
      name: 'openai',
      endpoint: { method: 'POST', host: 'api.openai.com', path: '/v1/chat/completions' },
      http_status: failed ? 429 : 200,
    },
    prompt: { type: header('prompt-type') },
    model: { requested: body.model, served: body.model },
    preview: { prompt, answer: failed ? '' : answer },
    usage: failed ? undefined : { input_tokens: 31, output_tokens: 6 },
    cost: failed
      ? undefined
      : {
          input: '0.000004650000',
          output: '0.000003600000',
          total: '0.000008250000',
          currency: 'USD',
          price_id: 'openai/gpt-4o-mini@2026-11-20',
        },
    error: failed
      ? { type: 'rate_limit', message: 'slow down', http_status: 429, advice: 'Wait.' }
      : undefined,
    attempts: undefined,
    labels: { tags: header('tags')?.split(',') },
  })
  call.request.messages = (body.messages ?? []).map((message) => ({
    role: message.role,
    parts: [{ type: 'text', text: String(message.content) }],
  }))
  call.response = failed
    ? undefined
    : { finish_reasons: ['stop'], messages: [{ role: 'assistant', parts: [{ type: 'text', text: answer }] }] }
  call.ended_at = stamp(Date.now() + 5)
  call.time = { duration_ms: 120.5 }
  record(call, Number(knob('delay_ms') ?? 20))
  response.writeHead(failed ? 429 : 200, { 'content-type': 'application/json', 'x-steno-call-id': call.id })
  response.end(
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: body.model,
      choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
    }),
  )
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

function page(request, response, url) {
  const wanted = join(options.dist, normalize(url.pathname))
  const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(options.dist, 'index.html')
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'",
  })
  createReadStream(file).pipe(response)
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock')
  if (url.pathname === '/api/v1/live') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n')
    const listener = { response, wants: predicate(url.searchParams) }
    listeners.add(listener)
    request.on('close', () => listeners.delete(listener))
    return
  }
  if (url.pathname.startsWith('/api/v1/')) {
    const { status, body, text } = await api(request, url)
    response.writeHead(status, {
      'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
    })
    response.end(text ?? JSON.stringify(body))
    return
  }
  if (url.pathname.startsWith('/openai/') && request.method === 'POST') return gateway(request, response, url)
  if (options.dist) return page(request, response, url)
  response.writeHead(404).end()
})
server.listen(Number(options.port), '127.0.0.1', () =>
  console.log(`mock listening on http://127.0.0.1:${server.address().port}`),
)
