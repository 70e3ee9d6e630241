// The program's API, as tests use it to prepare what the page shall show and to look at what it has done.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** {ask, deliver} of the server at `url`. */
export function apiOf(url) {
  async function ask(method, path, body, expected, headers = {}) {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const told = answer.status === 204 ? null : await answer.json()
    assert.equal(answer.status, expected, `${method} ${path}: ${JSON.stringify(told)}`)
    return told
  }

  /** Puts calls on the record as an SDK would, and waits until lists and sums have them. */
  async function deliver(calls) {
    const told = await ask('POST', '/calls', { calls }, 200)
    assert.deepEqual(told.rejected, [])
    for (let tries = 0; tries < 400; tries++) {
      if ((await ask('GET', '/status', undefined, 200)).store.behind_records === 0) return
      await sleep(50)
    }
    throw new Error('the store does not get the calls')
  }

  return { ask, deliver }
}

/** A phone shows all of it without scrolling sideways. */
export async function fits(page) {
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  assert.ok(inner <= outer, `${inner} > ${outer} at ${page.url()}`)
}
