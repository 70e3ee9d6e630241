// A real Chromium with an empty profile, watched for everything that the page must not do.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(fileURLToPath(new URL('../../ui/package.json', import.meta.url)))
const { chromium } = require('playwright-core')

export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.STENO_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/**
 * A page, and in `sins` what it did wrong: errors on the console, exceptions, requests to another host, answers that say
 * the server failed; these are there when `failures` are settled.
 */
export async function openPage(browser, url, { width = 1440, height = 900, scheme = 'light' } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: 'Europe/Berlin',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const sins = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') sins.push(`console ${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => sins.push(`exception: ${error.message}`))
  // What the console says of it is a number alone.
  const failures = []
  page.on('response', (answer) => {
    if (answer.status() < 500) return
    const said = answer.text().catch(() => 'no body')
    failures.push(said.then((body) => sins.push(`answer ${answer.status()} of ${new URL(answer.url()).pathname}: ${body}`)))
  })
  page.on('request', (request) => {
    const asked = new URL(request.url())
    if (asked.protocol !== 'blob:' && asked.origin !== new URL(url).origin) sins.push(`foreign request: ${request.url()}`)
  })
  return { page, sins, failures, close: () => context.close() }
}

/**
 * withPage(path, options, body): opens the path on the server, and closes it; a page that fails leaves a picture in
 * `shots`. `options.awaited` matches what would be a sin, and is what the test is about: an answer 404, say.
 */
export function visitor(browser, url, shots) {
  return async (path, options, body) => {
    const { page, sins, failures, close } = await openPage(browser, url, options)
    try {
      await page.goto(url + path)
      await body(page)
      await Promise.all(failures)
      assert.deepEqual(sins.filter((sin) => !options.awaited?.test(sin)), [])
    } catch (error) {
      await page.screenshot({ path: join(shots, `failed-${Date.now()}.png`) }).catch(() => {})
      throw error
    } finally {
      await close()
    }
  }
}
