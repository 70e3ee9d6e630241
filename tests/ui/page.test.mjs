// The page as its user meets it: calls go through the gateway, and a real Chromium looks at them.
// Run by run.sh; every test stands on its own calls, found by their ids.
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchBrowser, visitor } from './browser.mjs'
import { startSteno } from './steno_process.mjs'

let steno
let browser
let shots
let withPage
const run = Date.now().toString(36)

before(async () => {
  shots = process.env.STENO_TEST_SHOTS ?? (await mkdtemp(join(tmpdir(), 'steno-shots-')))
  steno = await startSteno()
  browser = await launchBrowser()
  withPage = visitor(browser, steno.url, shots)
})

after(async () => {
  await browser?.close()
  await steno?.stop()
  console.log(`screenshots: ${shots}`)
})

/** Sends one chat call through the gateway as a client would; gives its id once the answer is complete. */
async function chat(prompt, { model = 'gpt-4o-mini', headers = {} } = {}) {
  const answer = await fetch(`${steno.url}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer sk-test-of-the-page',
      'content-type': 'application/json',
      'x-steno-user': `anna-${run}`,
      'x-steno-tags': 'ui-test,demo',
      ...headers,
    },
    body: JSON.stringify({
      model,
      temperature: 0.2,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: prompt },
      ],
    }),
  })
  await answer.text()
  const id = answer.headers.get('x-steno-call-id')
  assert.ok(id, `no x-steno-call-id; HTTP ${answer.status}`)
  return id
}

/** The call as the API gives it, once it has ended. */
async function recorded(id, until = (call) => call.status !== 'running') {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`${steno.url}/api/v1/calls/${id}`)
    if (answer.ok) {
      const call = await answer.json()
      if (until(call)) return call
    }
    await sleep(50)
  }
  throw new Error(`call ${id} did not become what was awaited`)
}

const row = (page, id) => page.locator(`[id="row-${id}"]`)

test('the list shows calls, newest first, with tokens and cost', async () => {
  const first = await chat('Where is order 7341? [sim text=It%20left%20Leipzig%20this%20morning.]')
  const second = await chat('Say hello')
  const call = await recorded(first)
  await recorded(second)
  await withPage(`/?who.user_id=anna-${run}`, {}, async (page) => {
    await row(page, first).waitFor()
    const ids = await page.locator('[role=row][id^=row-]').evaluateAll((rows) => rows.map((each) => each.id.slice(4)))
    assert.ok(ids.indexOf(second) < ids.indexOf(first), 'the newer call stands above')
    const text = await row(page, first).innerText()
    for (const part of ['Success', 'gpt-4o-mini', 'Where is order 7341?', 'It left Leipzig this morning.', `anna-${run}`, 'ui-test']) {
      assert.ok(text.includes(part), `“${part}” in: ${text}`)
    }
    assert.match(text, new RegExp(`${call.usage.input_tokens}\\s*→\\s*${call.usage.output_tokens}`))
    assert.ok(text.replace(/\s/g, '').includes(shownMoney(call.cost.total)), `${call.cost.total} in: ${text}`)
    await page.getByText('Calls', { exact: true }).first().waitFor()
    await page.screenshot({ path: join(shots, 'list-light.png') })
  })
  await withPage('/', { width: 900, height: 700, scheme: 'dark' }, async (page) => {
    await row(page, second).waitFor()
    await page.screenshot({ path: join(shots, 'list-dark-narrow.png') })
  })
})

test('filters narrow the list, live in the address, and can be taken back', async () => {
  const mini = await chat(`Filter me ${run}`, { headers: { 'x-steno-session': `s-${run}` } })
  const other = await chat(`Another model ${run}`, { model: 'gpt-4.1', headers: { 'x-steno-session': `s-${run}` } })
  await recorded(mini)
  await recorded(other)
  await withPage(`/?trace.session_id=s-${run}`, {}, async (page) => {
    await row(page, mini).waitFor()
    await row(page, other).waitFor()
    await page.getByRole('button', { name: 'Filter by model' }).click()
    await page.getByLabel('Model', { exact: true }).getByText('gpt-4.1').click()
    await row(page, mini).waitFor({ state: 'detached' })
    await row(page, other).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('model.requested'), 'gpt-4.1')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Remove filter Model = gpt-4.1' }).click()
    await row(page, mini).waitFor()
    await page.getByLabel('Search prompts and answers').fill('another MODEL')
    await row(page, mini).waitFor({ state: 'detached' })
    await row(page, other).waitFor()
    await page.waitForURL(/text=another/)
    await page.reload()
    await row(page, other).waitFor()
    assert.equal(await row(page, mini).count(), 0, 'a reload keeps the filter')
    await page.getByRole('button', { name: 'Clear all' }).click()
    await page.waitForURL((url) => url.search === '')
  })
  await withPage(`/?trace.session_id=nothing-${run}`, {}, async (page) => {
    await page.getByText('No calls match these filters').waitFor()
  })
})

test('a call opens with its messages, tokens, cost and details', async () => {
  const id = await chat('When is the meeting? [sim text=At%20ten%20o%27clock.]', { headers: { 'x-steno-prompt-type': 'answer_question' } })
  const call = await recorded(id)
  await withPage(`/?who.user_id=anna-${run}`, {}, async (page) => {
    await row(page, id).click()
    await page.waitForURL(`**/calls/${id}?*`)
    const panel = page.getByRole('complementary', { name: 'Call' })
    await panel.getByText('Be brief.').waitFor()
    await panel.getByText('When is the meeting?').waitFor()
    await panel.getByText("At ten o'clock.").waitFor()
    const text = (await panel.innerText()).replace(/\s/g, '')
    assert.ok(text.includes(`Tokensin${call.usage.input_tokens}`), text)
    assert.ok(text.includes(`Tokensout${call.usage.output_tokens}`), text)
    assert.ok(text.includes(shownMoney(call.cost.total)), text)
    await page.screenshot({ path: join(shots, 'call-light.png') })
    await panel.getByRole('tab', { name: 'Details' }).click()
    await panel.getByText('/v1/chat/completions').waitFor()
    await panel.getByText('answer_question').waitFor()
    await panel.getByText(call.cost.price_id).waitFor()
    await panel.getByRole('tab', { name: 'Raw JSON' }).click()
    await panel.locator('pre').getByText(`"id": "${id}"`).waitFor()
    await panel.getByRole('button', { name: 'Copy call id' }).click()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), id)
  })
  await withPage(`/calls/${id}`, { scheme: 'dark' }, async (page) => {
    await page.getByText("At ten o'clock.").first().waitFor()
    await page.keyboard.press('f')
    await page.screenshot({ path: join(shots, 'call-dark-full.png') })
  })
})

test('a failed call says what went wrong', async () => {
  const id = await chat('Too many? [sim status=429]')
  const call = await recorded(id)
  assert.equal(call.error.type, 'rate_limit')
  await withPage(`/calls/${id}`, {}, async (page) => {
    const error = page.getByRole('region', { name: 'Error' })
    await error.getByText('rate limit').first().waitFor()
    assert.ok((await error.innerText()).includes(call.error.message))
    await page.screenshot({ path: join(shots, 'failure-light.png') })
  })
})

test('calls appear while they run and end in place, without a reload', async () => {
  await withPage('/', {}, async (page) => {
    await page.getByText('Live', { exact: true }).waitFor()
    await page.evaluate(() => (window.sameDocument = true))
    const sent = chat(`Live ${run} [sim delay-ms=2500]`, { headers: { 'x-steno-user': `live-${run}` } })
    const running = page.locator('[role=row][data-status=running]', { hasText: `live-${run}` })
    await running.waitFor()
    const id = await sent
    await page.locator(`[id="row-${id}"][data-status=success]`).waitFor()
    assert.equal(await page.evaluate(() => window.sameDocument), true)

    await page.getByRole('button', { name: 'Pause live updates' }).click()
    await page.getByText('Paused', { exact: true }).waitFor()
    const unseen = await chat(`Paused ${run}`)
    await recorded(unseen)
    assert.equal(await row(page, unseen).count(), 0, 'nothing comes in while paused')
    await page.getByRole('button', { name: 'Resume live updates' }).click()
    await row(page, unseen).waitFor()
  })
})

test('the keyboard is enough', async () => {
  for (const n of [1, 2, 3]) await recorded(await chat(`Keys ${n}`, { headers: { 'x-steno-user': `keys-${run}` } }))
  await withPage(`/?who.user_id=keys-${run}`, {}, async (page) => {
    await page.getByText('Keys 1').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    const panel = page.getByRole('complementary', { name: 'Call' })
    await panel.getByText('Keys 2').waitFor()
    await page.keyboard.press('k')
    await panel.getByText('Keys 3').waitFor()
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await page.keyboard.type('keys 1')
    await page.waitForURL(/text=keys/)
    await page.getByText('Keys 3').waitFor({ state: 'detached' })
  })
})

test('feedback goes on the record', async () => {
  const id = await chat('Was that good?')
  await recorded(id)
  await withPage(`/calls/${id}`, {}, async (page) => {
    await page.getByRole('button', { name: 'Comment' }).click()
    await page.getByRole('textbox', { name: 'Comment' }).fill('short and right')
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByText('“short and right”').waitFor()
    const call = await recorded(id, (each) => each.feedback)
    assert.equal(call.feedback.verdict, 'accepted')
    assert.equal(call.feedback.comment, 'short and right')
  })
})

test('a request is shown as a tree', async () => {
  const request = { 'x-steno-request': `r-${run}`, 'x-steno-agent': 'planner' }
  const parent = await chat('Plan it', { headers: request })
  const child = await chat('Do it', { headers: { ...request, 'x-steno-parent': parent } })
  await recorded(parent)
  await recorded(child)
  await withPage(`/requests/r-${run}`, { scheme: 'dark' }, async (page) => {
    const rows = page.getByRole('treegrid').locator('[aria-level]')
    await rows.nth(1).waitFor()
    assert.deepEqual(await rows.evaluateAll((all) => all.map((each) => each.getAttribute('aria-level'))), ['1', '2'])
    await page.getByText('planner').first().waitFor()
    await page.screenshot({ path: join(shots, 'request-dark.png') })
    await page.getByRole('button', { name: /^Fold gpt-4o-mini/ }).click()
    assert.equal(await rows.count(), 1)
  })
})

test('dark and light follow the system, and can be chosen', async () => {
  const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await withPage('/', { scheme: 'dark' }, async (page) => {
    await page.getByRole('button', { name: 'Colour scheme' }).waitFor()
    const dark = await ground(page)
    await page.getByRole('button', { name: 'Colour scheme' }).click()
    await page.getByRole('menuitem', { name: 'Light' }).click()
    await page.waitForFunction((before) => getComputedStyle(document.body).backgroundColor !== before, dark)
    const light = await ground(page)
    await page.reload()
    await page.getByRole('button', { name: 'Colour scheme' }).waitFor()
    assert.equal(await ground(page), light, 'the choice is kept')
  })
})

test('a search says what it found, how far it looked, and when that is all', async () => {
  const session = `search-${run}`
  const needle = await chat('The heron stands still', { headers: { 'x-steno-session': session } })
  await recorded(needle)
  for (let n = 0; n < 3; n++) await recorded(await chat(`Other ${n}`, { headers: { 'x-steno-session': session } }))
  await withPage(`/?trace.session_id=${session}&text=HERON`, {}, async (page) => {
    await row(page, needle).waitFor()
    const figures = page.getByRole('region', { name: 'Summary' })
    await figures.getByText('complete:').waitFor()
    assert.match((await figures.innerText()).replace(/\s+/g, ' '), /^Hits 1 Calls searched 4 Back to \d\d:\d\d:\d\d complete/)
    await page.screenshot({ path: join(shots, 'search-light.png') })
  })
})

test('what is no conversation, and what was not to be kept, is told in words', async () => {
  const answer = await fetch(`${steno.url}/openai/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-steno-tags': 'a-long-tag-of-a-team,another-long-tag,third' },
    body: JSON.stringify({ model: 'text-embedding-3-small', input: ['one', 'two'] }),
  })
  await answer.text()
  const embedding = answer.headers.get('x-steno-call-id')
  await recorded(embedding)
  await withPage(`/calls/${embedding}`, {}, async (page) => {
    await page.getByText('2 vectors of 1,536 dimensions').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Replay' }).count(), 0, 'an embedding is not replayed')
  })
  await withPage(`/?id=${embedding}`, {}, async (page) => {
    await row(page, embedding).getByText('2 × 1,536 dimensions').waitFor()
    await row(page, embedding).getByTitle('a-long-tag-of-a-team, another-long-tag, third').waitFor()
  })
  const unkept = await chat('Forget me', { headers: { 'x-steno-store-full-data': 'false' } })
  await recorded(unkept)
  await withPage(`/calls/${unkept}`, {}, async (page) => {
    await page.getByText('at the wish of whoever sent it').waitFor()
  })
})

test('a phone shows the list without scrolling sideways', async () => {
  const id = await chat('On a phone')
  await recorded(id)
  await withPage('/', { width: 400, height: 800 }, async (page) => {
    await row(page, id).waitFor()
    const [inner, outer] = await page.locator('#call-grid').evaluate((grid) => [grid.scrollWidth, grid.clientWidth])
    assert.ok(inner <= outer, `${inner} > ${outer}`)
    assert.ok((await row(page, id).innerText()).includes('On a phone'))
    await page.screenshot({ path: join(shots, 'list-phone.png') })
  })
  await withPage('/limits', { width: 400, height: 800 }, async (page) => {
    await page.getByRole('rowheader', { name: 'gpt-4o-mini' }).first().waitFor()
    await page.screenshot({ path: join(shots, 'limits-phone.png') })
  })
})

test('a call is sent again, changed, and both answers stand side by side', async () => {
  const id = await chat('When is the meeting? [sim text=It%20is%20at%20ten%20in%20the%20hall.]')
  const original = await recorded(id)
  await withPage(`/calls/${id}`, {}, async (page) => {
    const panel = page.getByRole('complementary', { name: 'Call' })
    await panel.getByRole('button', { name: 'Replay', exact: true }).click()
    const form = panel.getByRole('form', { name: 'Replay' })
    const field = (name) => form.getByRole('textbox', { name, exact: true })
    const model = form.getByRole('combobox', { name: 'Model' })
    assert.equal(await model.inputValue(), 'gpt-4o-mini')
    assert.equal(await field('System text').inputValue(), 'Be brief.')
    assert.match(await field('Prompt').inputValue(), /^When is the meeting/)
    assert.equal(await field('Value of temperature').inputValue(), '0.2')
    await form.getByRole('button', { name: 'Send again unchanged' }).waitFor()

    await model.fill('gpt-4o')
    await field('System text').fill('Be exact.')
    await field('Prompt').fill('When? [sim text=It%20is%20at%20nine%20in%20the%20hall.]')
    await field('Value of temperature').fill('0.9')
    await page.waitForURL(/replay_change=.*0\.9/) // the last of them
    await page.reload()
    assert.equal(await field('System text').inputValue(), 'Be exact.', 'a reload keeps the changes')
    await form.getByRole('button', { name: 'Send replay' }).click()

    await page.waitForURL(/replay=[0-9a-f]{8}-/)
    const replay = await recorded(new URL(page.url()).searchParams.get('replay'))
    assert.equal(replay.replay.of, id)
    assert.equal(replay.model.requested, 'gpt-4o')
    assert.equal(replay.request.parameters.temperature, 0.9)
    assert.equal(replay.request.messages[0].parts[0].text, 'Be exact.')
    const figures = panel.getByRole('table', { name: 'Figures' })
    for (const [name, before, after] of [
      ['Model', 'gpt-4o-mini', 'gpt-4o'],
      ['temperature', '0.2', '0.9'],
      ['Cost', shownMoney(original.cost.total), shownMoney(replay.cost.total)],
    ]) {
      const cells = await figures.getByRole('row', { name }).last().getByRole('cell').allInnerTexts()
      assert.deepEqual(cells.slice(0, 2).map((text) => text.replace(/\s/g, '')), [before, after], name)
    }
    const answer = panel.getByRole('region', { name: 'Answer' })
    await answer.locator('del', { hasText: 'ten' }).waitFor()
    await answer.locator('ins', { hasText: 'nine' }).waitFor()
    await answer.getByText('In one text').click()
    await answer.getByText('It is at tennine in the hall.').waitFor()
    await page.screenshot({ path: join(shots, 'replay-light.png') })
    await page.reload()
    await figures.waitFor()

    await page.goto(`${steno.url}/?replay.of=${id}`)
    await row(page, replay.id).waitFor()
    assert.equal(await row(page, id).count(), 0, 'only the replays of the call')
    await row(page, replay.id).getByRole('link', { name: 'replay' }).click()
    await page.waitForURL((url) => url.pathname === `/calls/${id}` && url.searchParams.get('replay') === replay.id)
    await figures.waitFor()
  })
})

test('a replay that cannot be is refused in plain words', async () => {
  const id = await chat('Refuse me')
  await recorded(id)
  await withPage(`/calls/${id}?replay=new`, {}, async (page) => {
    await page.getByText('Request as JSON').click()
    const json = page.getByRole('textbox', { name: 'Request as JSON' })
    await page.waitForFunction(() => document.querySelector('textarea')?.value.includes('Refuse me'))
    await json.fill('{"model": ')
    await page.getByText('This is no JSON object.').waitFor()
    await json.fill(JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Whole [sim status=429]' }] }))
    await page.getByRole('button', { name: 'Send replay' }).click()
    await page.getByRole('region', { name: 'Answer' }).getByText('rate limit', { exact: false }).first().waitFor()
  })
})

/** As the page writes it: at least two decimals, no trailing zeros beyond them. */
function shownMoney(amount) {
  const [whole, fraction = ''] = amount.split('.')
  return `$${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`
}
