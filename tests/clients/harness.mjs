// A real server in front of simulated providers, for the official Node clients; and what every call on the record must
// hold. Figures are worked out anew here, in whole units of 10^-12 dollars.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const binary =
  process.env.STENO_BINARY ?? fileURLToPath(new URL('../../build/release/steno', import.meta.url))
export const key = 'sk-SECRETnode0123456789abcdef'

// Micro-dollars for a million tokens: input, cached input, output.
const prices = {
  'gpt-4o-mini': [150_000, 75_000, 600_000],
  'prod-gpt-4o-mini': [165_000, 75_000, 660_000],
  'claude-haiku-4-5@20251001': [1_100_000, 110_000, 5_500_000], // of a region on Vertex AI: a tenth more
  'text-embedding-3-small': [20_000, 0, 0],
  'claude-haiku-4-5': [1_000_000, 100_000, 5_000_000],
  'amazon.nova-lite-v1:0': [60_000, 0, 240_000],
  'anthropic.claude-haiku-4-5-20251001-v1:0': [1_000_000, 100_000, 5_000_000],
  'gemini-2.5-flash': [300_000, 30_000, 2_500_000],
  'command-a-03-2025': [2_500_000, 0, 10_000_000],
  'embed-v4.0': [120_000, 0, 0],
  'mistral-medium-2508': [400_000, 0, 2_000_000],
  'codestral-2508': [300_000, 30_000, 900_000],
  'mistral-embed': [100_000, 0, 100_000],
}

function dollars(units) {
  const digits = units.toString().padStart(13, '0')
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`
}

function launch(args) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/_API_KEY$|^STENO_|^AWS_/.test(name)),
  )
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: tmpdir(), env })
  child.said = ''
  for (const out of [child.stdout, child.stderr])
    out.setEncoding('utf8').on('data', (text) => (child.said += text))
  return child
}

async function until(what, child, probe) {
  for (let left = 3000; left > 0; --left) {
    const found = await probe()
    if (found) return found
    if (child.exitCode !== null) break
    await sleep(20)
  }
  throw new Error(`${what}; it said:\n${child.said}`)
}

async function end(child) {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}

export async function startSteno() {
  const folder = await mkdtemp(join(tmpdir(), 'steno-clients-'))
  const simulator = launch(['sim', '--listen', '127.0.0.1:0', '--seed', '1', '--speed', '0'])
  const sim = await until(
    'no simulator',
    simulator,
    () => /OpenAI\s+(http:\/\/[^/\s]+)\/openai/.exec(simulator.said)?.[1],
  )
  const names = ['openai', 'anthropic', 'azure', 'gemini', 'vertex', 'cohere', 'bedrock', 'mistral', 'ollama']
  const upstreams = names.flatMap((name) => [
    '--upstream',
    `${name}=${sim}/${name}`,
  ])
  const server = launch(['serve', '--data', folder, '--listen', '127.0.0.1:0', ...upstreams])
  const url = await until('no server', server, async () => {
    try {
      const found = JSON.parse(await readFile(join(folder, 'server.json'), 'utf8')).url
      return (await fetch(`${found}/readyz`)).ok && found
    } catch {
      return null
    }
  })
  const get = async (path) => (await fetch(url + path)).json()
  let sessions = 0
  return {
    url,
    session: () => `session-${++sessions}`,
    call: (id) => get(`/api/v1/calls/${id}`),
    /** All calls of a session, oldest first, as soon as so many have ended. */
    async calls(session, count) {
      const { calls } = await until(`not ${count} ended calls of ${session}`, server, async () => {
        const page = await get(`/api/v1/calls?trace.session_id=${session}`)
        assert.ok(page.calls.length <= count)
        return page.calls.length === count && page.calls.every((call) => call.status !== 'running') && page
      })
      return Promise.all(calls.reverse().map((call) => get(`/api/v1/calls/${call.id}`)))
    },
    async theCall(session) {
      return (await this.calls(session, 1))[0]
    },
    /** Ends all; no key may have been kept anywhere. */
    async stop() {
      await end(server)
      await end(simulator)
      assert.ok(!server.said.includes('SECRET'), 'a key stands in the log')
      for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue
        const bytes = await readFile(join(file.parentPath, file.name))
        assert.ok(!bytes.includes('SECRET'), `a key stands in ${file.name}`)
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What every call must have. `usage`: [input with cache, output with reasoning]; `served`: null if the answer names none. */
export function assertCall(
  call,
  {
    provider,
    model,
    served = model,
    kind = 'chat',
    status = 'success',
    stream = false,
    prompt,
    answer,
    usage,
    tools = [],
  },
) {
  assert.equal(call.source, 'gateway')
  assert.equal(call.kind, kind)
  assert.equal(call.status, status)
  assert.equal(call.provider.name, provider)
  assert.deepEqual(call.model, served ? { requested: model, served } : { requested: model })
  assert.equal(call.request.stream ?? false, stream)
  assert.equal('chunks' in call.response, stream)
  assert.ok(!('error' in call))
  assert.equal('time_to_first_token_ms' in call.time, stream)
  if (stream)
    assert.ok(
      call.time.time_to_first_token_ms > 0 && call.time.time_to_first_token_ms <= call.time.duration_ms,
    )
  if (prompt !== undefined)
    assert.deepEqual(call.request.messages.at(-1), { role: 'user', parts: [{ type: 'text', text: prompt }] })
  if (answer !== undefined) assert.equal(textOf(call), answer)
  if (usage) {
    const [input, output] = usage
    assert.equal(call.usage.input_tokens, input)
    assert.equal(call.usage.output_tokens ?? 0, output)
    assert.equal(call.cost.total, dollars(input * prices[model][0] + output * prices[model][2]))
    assert.equal(call.cost.currency, 'USD')
  }
  assert.deepEqual(
    (call.response.tool_calls ?? []).map(({ id, name, arguments: given }) => ({
      id,
      name,
      arguments: given,
    })),
    tools,
  )
}

export function assertFailure(call, type, httpStatus, message) {
  assert.equal(call.status, 'failure')
  assert.equal(call.error.type, type)
  assert.equal(call.error.http_status, httpStatus)
  assert.equal(call.provider.http_status, httpStatus)
  assert.equal(call.error.message, message)
  assert.ok(!('cost' in call))
}

export function textOf(call) {
  const parts = call.response.messages.flatMap((message) => message.parts)
  return parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('')
}

export async function all(stream) {
  const found = []
  for await (const one of stream) found.push(one)
  return found
}
