// The pages of prompt types as their user meets them: calls that carry types, a real server and a real Chromium.
// Run by run.sh; every test stands on its own types.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { apiOf, fits } from './api.mjs'
import { launchBrowser, visitor } from './browser.mjs'
import { startSteno } from './steno_process.mjs'

let steno
let browser
let shots
let withPage
let ask
let deliver
const run = Date.now().toString(36)

before(async () => {
  shots = process.env.STENO_TEST_SHOTS ?? (await mkdtemp(join(tmpdir(), 'steno-shots-')))
  steno = await startSteno()
  const api = apiOf(steno.url)
  ask = api.ask
  deliver = api.deliver
  browser = await launchBrowser()
  withPage = visitor(browser, steno.url, shots)
})

after(async () => {
  await browser?.close()
  await steno?.stop()
  console.log(`screenshots: ${shots}`)
})

const path = (type) => `/prompt-types/${encodeURIComponent(type)}`
const show = (type) => ask('GET', path(type), undefined, 200)
const set = (type, change, by = 'ben') => ask('PATCH', `${path(type)}?by=${by}`, change, 200)
const here = (page) => new URL(page.url())

/** Calls of a type in the last days, each of `cost`; every tenth of them failed where `failing`. */
function calls(type, { count, days = 5, cost, failing = false, more = {} }) {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'chat',
    status: failing && index % 10 === 0 ? 'failure' : 'success',
    started_at: new Date(Date.now() - ((index + 1) / count) * days * 86_400_000).toISOString(),
    prompt: { type },
    model: { requested: 'gpt-4o-mini' },
    time: { duration_ms: 1200 },
    request: {
      messages: [
        {
          role: 'user',
          parts: [{ type: 'text', text: `Question ${index} of ${type}` }],
        },
      ],
    },
    response: {
      messages: [
        {
          role: 'assistant',
          parts: [{ type: 'text', text: `Answer ${index}` }],
        },
      ],
    },
    ...(cost && { cost: { total: cost, currency: 'USD' } }),
    ...more,
  }))
}

const row = (page, type) =>
  page
    .getByRole('table', { name: 'Prompt types' })
    .getByRole('row')
    .filter({
      has: page.getByRole('rowheader').getByRole('link', { name: type, exact: true }),
    })

async function cells(page, type) {
  const texts = await row(page, type).getByRole('cell').allInnerTexts()
  return texts.map((text) => text.replace(/\s+/g, ' ').trim())
}

test('without types the page says how one comes in', async (t) => {
  if ((await ask('GET', '/prompt-types', undefined, 200)).count > 0) return t.skip('STENO_TEST_URL has types')
  await withPage('/prompt-types', {}, async (page) => {
    await page.getByText('No call carries a prompt type yet').waitFor()
    await page.getByText('x-steno-prompt-type: generate_alt_text').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Export CSV' }).isDisabled(), true)
  })
})

test('the list has what a type comes to, and is searched, filtered, put in order and walked by keys', async () => {
  const [dear, cheap, off] = ['dear', 'cheap', 'off'].map((each) => `list-${run}-${each}`)
  await deliver([
    ...calls(dear, { count: 20, cost: '0.015', failing: true }),
    ...calls(cheap, { count: 30, cost: '0.000001' }),
    ...calls(off, { count: 1 }),
  ])
  await set(dear, {
    description: 'Which costs MUCH',
    sample_rate: 0.07,
    text_limit: 2000,
    retention: 'short',
  })
  await set(off, { is_active: false })
  await withPage('/', {}, async (page) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Prompt types' }).click()
    await row(page, dear).waitFor()
    const heads = (await page.getByRole('columnheader').allInnerTexts()).map((text) => text.trim())
    const shown = await cells(page, dear)
    // The box of the selection comes before the type, whose own cell is the row's head.
    const cell = (head) => shown[heads.indexOf(head) === 1 ? 0 : heads.indexOf(head) - 1]
    assert.equal(cell('Calls'), '20')
    assert.equal(cell('Failures'), '10 % 2')
    assert.equal(cell('Cost'), '$0.30')
    assert.equal(cell('Average'), '$0.015')
    assert.equal(cell('Sampling'), '7 % cut to 2,000 bytes')
    assert.equal(cell('Retention'), 'short')
    assert.match(await row(page, dear).innerText(), /Which costs MUCH/)
    assert.equal(await page.getByRole('switch', { name: `${off} is active` }).isChecked(), false)
    assert.match((await cells(page, off)).join(' '), /\+ 1 unpriced/)
    await page.screenshot({ path: join(shots, 'prompt-types-light.png') })

    await page.keyboard.press('/')
    await page.keyboard.type(`list-${run}`)
    await page.waitForURL(/search=list/)
    await page.getByRole('button', { name: 'Cost', exact: true }).click()
    await page.waitForURL(/order=-cost/)
    const names = async () => page.getByRole('rowheader').getByRole('link').allInnerTexts()
    await page.getByRole('columnheader', { name: 'Cost', exact: true }).and(page.locator('[aria-sort=descending]')).waitFor()
    await page.waitForFunction((first) => document.querySelector('tbody th a')?.textContent === first, dear)
    assert.deepEqual(await names(), [dear, cheap, off])
    await page.reload()
    await row(page, dear).waitFor()
    assert.deepEqual(await names(), [dear, cheap, off], 'a reload keeps search and order')
    await page.getByLabel('Active', { exact: true }).selectOption('false')
    await row(page, dear).waitFor({ state: 'detached' })
    assert.deepEqual(await names(), [off])
    await page.getByLabel('Active', { exact: true }).selectOption('')
    await page.getByLabel('Full data', { exact: true }).selectOption('false')
    await row(page, dear).waitFor({ state: 'detached' })
    assert.deepEqual(await names(), [off], 'of what is not active no texts are kept')
    await page.getByRole('button', { name: 'Clear all' }).click()
    await row(page, dear).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('no such type')
    await page.getByText('No prompt type fits.').waitFor()
    await page.getByRole('button', { name: 'Remove the filters' }).click()
    await row(page, dear).waitFor()
    assert.equal(await page.getByRole('textbox', { name: 'Search types and descriptions' }).inputValue(), '')

    await page.locator('h1').click()
    const at = (await names()).indexOf(cheap)
    for (let press = 0; press <= at; press++) await page.keyboard.press('j')
    await page.locator('tr[data-active]').filter({ hasText: cheap }).waitFor()
    await page.keyboard.press('x')
    await page.getByText('1 type selected').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: cheap }).waitFor()
    assert.equal(here(page).pathname, path(cheap))
  })
})

test('a switch acts at once; who was slower is told who was faster, and sees how it is', async () => {
  const type = `switch-${run}`
  await deliver(calls(type, { count: 3 }))
  await withPage(`/prompt-types?search=${type}`, { awaited: /412/ }, async (page) => {
    const full = page.getByRole('switch', { name: `Full data of ${type}` })
    const active = page.getByRole('switch', { name: `${type} is active` })
    await full.waitFor()
    assert.equal(await full.isChecked(), true)
    await row(page, type).getByText('default').waitFor()
    await full.click()
    await row(page, type).getByText('default').waitFor({ state: 'detached' })
    await page.waitForFunction(() => !document.querySelector('[role=switch][aria-busy]'))
    assert.equal(await full.isChecked(), false)
    assert.equal((await show(type)).settings.track_full_data, false)
    await active.focus()
    await page.keyboard.press('Space')
    await page.waitForFunction(() => !document.querySelector('[role=switch][aria-busy]'))
    assert.equal((await show(type)).settings.is_active, false, 'the page knows its own change')

    await set(type, { sample_rate: 0.5 }, 'ann')
    await active.click()
    const told = page.getByRole('alert').filter({ hasText: 'Somebody was faster' })
    await told.getByText(/ann set it at .*sampling: 100 % → 50 %/).waitFor()
    await row(page, type).getByText('50 %').waitFor()
    assert.equal(await active.isChecked(), false)
    assert.equal((await show(type)).settings.is_active, false, 'the faster one has won')
    await page.screenshot({
      path: join(shots, 'prompt-types-conflict-light.png'),
    })
    await active.click()
    await told.waitFor({ state: 'detached' })
    await page.waitForFunction(() => !document.querySelector('[role=switch][aria-busy]'))
    assert.equal((await show(type)).settings.is_active, true, 'who has seen it may ask again')
  })
})

test('several types are changed at once, and their file is that of the command line', async () => {
  const names = ['a', 'b', 'c'].map((each) => `bulk-${run}-${each}`)
  await deliver(names.flatMap((type) => calls(type, { count: 4, cost: '0.125', failing: true })))
  await withPage(`/prompt-types?search=bulk-${run}`, {}, async (page) => {
    await page.getByLabel(`Select ${names[0]}`).click()
    await page.getByLabel(`Select ${names[2]}`).click()
    await page.getByText('2 types selected').waitFor()
    assert.equal(await page.getByLabel('Select all that are shown').evaluate((box) => box.indeterminate), true)
    await page.locator('h1').click()
    await page.keyboard.press('j')
    await page.locator('tr[data-active]').filter({ hasText: names[0] }).waitFor()
    await page.getByRole('button', { name: 'Only of the latest' }).click()
    const dialog = page.getByRole('dialog', { name: 'Change 2 prompt types' })
    await page.waitForFunction(() => document.activeElement?.textContent === 'Change 2 types')
    for (const key of ['x', 'j', '/']) await page.keyboard.press(key)
    await dialog.getByRole('button', { name: 'Change 2 types' }).waitFor()
    assert.equal(await page.getByLabel(`Select ${names[0]}`).isChecked(), true, 'keys act on nothing behind the dialog')
    assert.ok(await dialog.evaluate((box) => box.contains(document.activeElement)))
    await page.locator('tr[data-active]').filter({ hasText: names[0] }).waitFor({ state: 'attached' })
    await dialog.getByText(`${names[0]}, ${names[2]}`).waitFor()
    assert.equal(await dialog.getByLabel('Prompts and answers').inputValue(), 'off')
    const make = dialog.getByRole('button', { name: 'Change 2 types' })
    await dialog.getByLabel('Texts are kept of').fill('120')
    await dialog.getByText('a number from 0 to 100').waitFor()
    assert.equal(await make.isDisabled(), true)
    await dialog.getByLabel('Texts are kept of').fill('12.5')
    await dialog.getByLabel('Retention class').fill('nobody-knows-it')
    await dialog.getByLabel('Masking').selectOption('strict')
    await dialog.getByLabel('When more of its calls fail than').fill('50')
    await dialog.getByLabel('Your name').fill('ann')
    await dialog.getByLabel('Why').fill('too many of them')
    await page.screenshot({ path: join(shots, 'prompt-types-bulk-light.png') })
    await make.click()
    // The server knows no such class, and says so.
    const warnings = page.getByRole('region', { name: 'Warnings' })
    await warnings.getByRole('alert').filter({ hasText: '2 types changed.' }).getByText('nobody-knows-it').waitFor()
    for (const [index, type] of names.entries()) {
      const { settings } = await show(type)
      assert.equal(settings.track_full_data, index === 1 ? null : false)
      assert.equal(settings.sample_rate, index === 1 ? 1 : 0.125)
      assert.equal(settings.masking, index === 1 ? 'credentials' : 'strict')
      assert.equal(settings.disable_failure_rate, index === 1 ? null : 0.5)
      assert.equal(settings.log_level, 'off', 'what is left alone stays')
    }
    const { changes } = await ask('GET', `/prompt-type-changes?type=${names[0]}`, undefined, 200)
    assert.deepEqual([changes[0].by, changes[0].reason], ['ann', 'too many of them'])

    await set(names[1], { description: '=SUM(A1), "quoted"\nand a line' })
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ])
    assert.equal(download.suggestedFilename(), 'prompt-types.csv')
    if (process.env.STENO_BINARY) {
      const told = execFileSync(
        process.env.STENO_BINARY,
        ['prompt-types', 'export', '--server', steno.url, '--search', `bulk-${run}`, '--format', 'csv'],
        { encoding: 'utf8' },
      )
      assert.equal(await readFile(await download.path(), 'utf8'), told)
    }
  })
})

test('a type shows its totals, days and latest call, and its settings are saved on what the reader saw', async () => {
  const type = `one/${run} 100% <b>?`
  await deliver([
    ...calls(type, { count: 40, cost: '0.01', failing: true }),
    ...calls(type, {
      count: 1,
      days: 0.001,
      cost: '0.5',
      more: {
        who: { user_id: 'u-7' },
        labels: { metadata: { ticket: 4711 } },
        usage: { input_tokens: 12, output_tokens: 3 },
      },
    }),
  ])
  await withPage(path(type), { awaited: /412/ }, async (page) => {
    const totals = page.getByRole('region', { name: 'Totals' })
    await totals.getByText('41', { exact: true }).waitFor()
    assert.match(await totals.innerText(), /Failures\s+4\s+9.8 %\s+Cost\s+\$0.90\s+On average\s+\$0.021951219512/)
    const days = page.getByRole('region', { name: 'Day by day' })
    await days.getByText('$0.90 · 41 calls · 4 failed (9.8 %) in 30 days').waitFor()
    await days.getByRole('img', { name: /^Cost by day/ }).focus()
    await page.keyboard.press('ArrowLeft')
    await days.getByText(/^\d+ \w{3}: \$0\.\d+ · \d+ calls?/).waitFor()
    const latest = page.getByRole('region', { name: 'Latest call' })
    for (const words of [`Question 0 of ${type}`, 'Answer 0', '$0.50', 'u-7', '4711', '1.20 s'])
      await latest.getByText(words, { exact: false }).first().waitFor()
    await page.screenshot({
      path: join(shots, 'prompt-type-light.png'),
      fullPage: true,
    })

    const form = page.getByRole('form', { name: 'Settings' })
    await page.getByText('Nothing was ever set: the defaults hold.').waitFor()
    await form.getByLabel('Description').fill('For the desk')
    await form.getByLabel('Texts are kept of').fill('10')
    await form.getByLabel('Your name').fill('ann')
    await form.getByLabel('Why').fill('a try')
    await set(type, { text_limit: 5000 }, 'ben')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText(/Somebody was faster.*ben set it at .*text limit: none → 5,000 bytes/).waitFor()
    assert.equal(await form.getByLabel('Texts are cut to').inputValue(), '5000', 'it is shown how it is')
    assert.equal(await form.getByLabel('Description').inputValue(), 'For the desk', 'what was written stays')
    assert.equal((await show(type)).settings.description, null)
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('Saved: it holds from the next call on.').waitFor()
    const history = page.getByRole('list', { name: 'History of changes' })
    await history.getByText('Description: none → For the desk').waitFor()
    await history.getByText('Sampling: 100 % → 10 %').waitFor()
    await history.getByText('“a try”').waitFor()
    const { settings } = await show(type)
    assert.deepEqual([settings.description, settings.sample_rate, settings.text_limit], ['For the desk', 0.1, 5000])
    await form.getByRole('button', { name: 'Back to the defaults' }).click()
    await history.getByText('taken back').waitFor()
    assert.equal((await show(type)).settings.text_limit, null)

    await latest.getByRole('link', { name: 'Open it' }).click()
    const call = page.getByRole('complementary', { name: 'Call' })
    await call.getByText('Answer 0').first().waitFor()
    assert.equal(here(page).searchParams.get('prompt.type'), type)
    await page.getByRole('region', { name: 'Summary' }).getByText('41', { exact: true }).waitFor()
    await call.getByRole('tab', { name: 'Details' }).click()
    await call.getByRole('link', { name: 'settings and totals' }).click()
    await totals.waitFor()
  })
  await withPage(path(`nobody-${run}`), { awaited: /404/ }, async (page) => {
    await page.getByText('there is no prompt type').waitFor()
    await page.getByText('Not found', { exact: true }).waitFor()
  })
})

test('masking, the log and what switches a type off are set in the form, and told back as they are', async () => {
  const type = `rules-${run}`
  await deliver(calls(type, { count: 2 }))
  await withPage(path(type), {}, async (page) => {
    const form = page.getByRole('form', { name: 'Settings' })
    const off = form.getByRole('group', { name: 'It is switched off by itself' })
    await off.getByText('no budget names it yet').waitFor()
    await form.getByLabel('Masking').selectOption('strict')
    await form.getByLabel('In the server’s log').selectOption('summary')
    await off.getByLabel('Over its budget').selectOption('on')
    await off.getByLabel('When more of its calls fail than').fill('120')
    await off.getByText('a number from 0 to 100, or none').waitFor()
    assert.equal(await form.getByRole('button', { name: 'Save' }).isDisabled(), true)
    await off.getByLabel('When more of its calls fail than').fill('12.5')
    await off.getByLabel('Of the last').fill('30')
    await off.getByLabel('If they are at least').fill('7')
    await off.getByLabel('What goes off').selectOption('track_full_data')
    await form.getByLabel('Your name').fill('ann')
    await page.screenshot({ path: join(shots, 'prompt-type-rules-light.png'), fullPage: true })
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('Saved: it holds from the next call on.').waitFor()
    const wanted = {
      masking: 'strict',
      log_level: 'summary',
      disable_over_budget: true,
      disable_failure_rate: 0.125,
      disable_window_minutes: 30,
      disable_least_calls: 7,
      disable_switches: 'track_full_data',
    }
    const { settings } = await show(type)
    assert.deepEqual(settings, { ...settings, ...wanted })
    const history = page.getByRole('list', { name: 'History of changes' })
    for (const words of ['Masking: credentials → strict', 'Log level: off → summary', 'Off when more fail than: never → 12.5 %'])
      await history.getByText(words).waitFor()
    await page.reload()
    assert.equal(await off.getByLabel('When more of its calls fail than').inputValue(), '12.5')
    assert.equal(await form.getByLabel('Masking').inputValue(), 'strict')
    await off.getByLabel('When more of its calls fail than').fill('')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('Saved: it holds from the next call on.').waitFor()
    assert.equal((await show(type)).settings.disable_failure_rate, null)
  })
})

test('a phone has all of it, in the dark too; without a server the page comes back by itself', async () => {
  const type = `phone-${run}-${'with_a_long_name_'.repeat(8)}`
  await deliver(calls(type, { count: 2, cost: '123456.123456789' }))
  await set(type, { description: 'd'.repeat(300), retention: 'r'.repeat(60) })
  await withPage(`/prompt-types?search=${type}`, { scheme: 'dark', width: 400, height: 900 }, async (page) => {
    await page.getByRole('link', { name: type }).waitFor()
    await fits(page)
    await page.screenshot({
      path: join(shots, 'prompt-types-phone-dark.png'),
    })
    await page.getByRole('link', { name: type }).click()
    await page.getByRole('form', { name: 'Settings' }).waitFor()
    await fits(page)
    await page.screenshot({
      path: join(shots, 'prompt-type-phone-dark.png'),
      fullPage: true,
    })
  })
  await withPage('/limits', { awaited: /ERR_FAILED/ }, async (page) => {
    await page.route('**/api/v1/prompt-types**', (route) => route.abort())
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Prompt types' }).click()
    await page.getByText('Steno does not answer').waitFor()
    await page.unroute('**/api/v1/prompt-types**')
    await page.getByRole('link', { name: type }).waitFor()
  })
})
