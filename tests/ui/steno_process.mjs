// Starts the program under test on free ports with a data folder of its own, and ends it.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const startWithin = 20_000

/** {url, stop()}: a server with the simulated providers behind it; or the one that STENO_TEST_URL names. */
export async function startSteno() {
  if (process.env.STENO_TEST_URL) return { url: process.env.STENO_TEST_URL.replace(/\/$/, ''), stop: async () => {} }
  const folder = await mkdtemp(join(tmpdir(), 'steno-ui-'))
  const children = []
  const stop = async () => {
    for (const child of children.reverse()) await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const simulator = launch(['sim', '--listen', '127.0.0.1:0', '--seed', '7'])
    children.push(simulator)
    const address = await saidAddress(simulator)
    const server = launch([
      ...['serve', '--data', folder, '--listen', '127.0.0.1:0'],
      ...['--upstream', `openai=http://${address}/openai`],
      ...['--upstream', `anthropic=http://${address}/anthropic`],
    ])
    children.push(server)
    return { url: await serverUrl(server, join(folder, 'server.json')), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function launch(args) {
  const child = spawn(process.env.STENO_BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  child.said = ''
  const note = (text) => (child.said += text)
  child.stdout.setEncoding('utf8').on('data', note)
  child.stderr.setEncoding('utf8').on('data', note)
  child.on('error', (error) => note(String(error)))
  return child
}

async function until(what, child, probe) {
  const deadline = Date.now() + startWithin
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break
    const found = await probe()
    if (found) return found
    await sleep(50)
  }
  throw new Error(`${what} did not start; it said:\n${child.said}`)
}

function saidAddress(child) {
  return until('steno sim', child, () => /(127\.0\.0\.1:[1-9]\d*)/.exec(child.said)?.[1])
}

/** The server writes server.json when it can be reached. */
function serverUrl(child, file) {
  return until('steno serve', child, async () => {
    try {
      const { url } = JSON.parse(await readFile(file, 'utf8'))
      return (await fetch(`${url}/readyz`)).ok ? url : null
    } catch {
      return null
    }
  })
}

async function end(child) {
  if (child.exitCode !== null || child.pid === undefined) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await gone
  clearTimeout(patience)
}
