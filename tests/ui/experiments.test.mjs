// The pages of live experiments as their user meets them: made through the API, calls that name them, and a real
// Chromium. Run by run.sh; every test stands on its own experiments.
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
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

const path = (name, ...below) => ['/experiments', ...[name, ...below].map(encodeURIComponent)].join('/')
const show = (name) => ask('GET', path(name), undefined, 200)
const act = (name, below, query = '') => ask('POST', `${path(name, ...below)}${query}`, {}, 200)
const here = (page) => new URL(page.url())

/**
 * The result as it would be told on the seventh day, for nothing is started in the past: its course has days before
 * the server's own point, less sure the earlier they are.
 */
function withDays(told) {
  const end = told.course.at(-1)
  const earlier = [6, 5, 4, 3, 2, 1].map((day) => ({
    at: new Date(Date.parse(end.at) - day * 86_400_000).toISOString(),
    variants: end.variants.map((each) => ({
      ...each,
      calls: Math.round((each.calls * (7 - day)) / 7),
      interval: each.interval?.map((side) => each.difference + (side - each.difference) * (1 + day / 2)) ?? null,
    })),
  }))
  return { ...told, course: [...earlier, end] }
}

/** An experiment on a prompt of its own. */
async function create(name, more = {}) {
  await ask('POST', '/prompts', { name: `of/${name}`, text: 'One', labels: ['production'] }, 201)
  await ask('POST', `/prompts/${encodeURIComponent(`of/${name}`)}/versions`, { text: 'Two' }, 201)
  return ask(
    'POST',
    '/experiments?by=ann',
    {
      name,
      prompt: `of/${name}`,
      unit: 'user',
      variants: [
        { name: 'today', weight: 1 },
        { name: 'shorter', weight: 1, version: '2' },
        { name: 'mini', weight: 2, model: 'gpt-4o-mini', temperature: 0.2 },
      ],
      metric: 'acceptance_rate',
      margin: 0.01,
      ...more,
    },
    201,
  )
}

/** Calls of users since the start: of ten of a variant's so many are accepted. What was before it counts nowhere. */
/** Calls that name the experiment and took no part; they say why, or not. */
function leftOut(experiment, count, why) {
  return Array.from({ length: count }, () => ({
    kind: 'chat',
    status: 'success',
    started_at: new Date().toISOString(),
    prompt: { name: experiment.prompt, experiment: { id: experiment.id, ...(why && { left_out: why }) } },
    model: { requested: 'gpt-4o' },
  }))
}

function calls(experiment, variant, { users, accepted, probability = 0.25 }) {
  const begin = Date.parse(experiment.started_at)
  const span = Date.now() - begin
  return Array.from({ length: users }, (_, index) => ({
    kind: 'chat',
    status: 'success',
    started_at: new Date(begin + Math.ceil(((index + 1) / users) * span)).toISOString(),
    who: { user_id: `${variant}-${index}` },
    prompt: { name: experiment.prompt, experiment: { id: experiment.id, variant, unit: `${variant}-${index}`, probability } },
    model: { requested: 'gpt-4o' },
    time: { duration_ms: 1000 + ((index * 37) % 100) },
    feedback: { verdict: index % 10 < accepted ? 'accepted' : 'rejected' },
  }))
}

test('without experiments the page says what one is', async (t) => {
  if ((await ask('GET', '/experiments', undefined, 200)).experiments.length > 0) return t.skip('STENO_TEST_URL has experiments')
  await withPage('/experiments', {}, async (page) => {
    await page.getByText('There are no experiments yet').waitFor()
    await page.getByText('steno experiments create tone --prompt answer').waitFor()
  })
})

test('the list has what is compared, with whom, and how each stands', async () => {
  const [draft, running] = [`list-${run}-draft`, `list-${run}-running`]
  await create(draft, { description: 'Does a SHORT one do as well?', share: 0.25, unit: 'session' })
  await create(running, { rule: 'bandit' })
  await act(running, ['start'])
  await withPage('/', {}, async (page) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click()
    const row = (name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
    await row(draft).waitFor()
    const words = async (name) => (await row(name).innerText()).replace(/\s+/g, ' ')
    assert.match(
      await words(draft),
      /SHORT .*draft prompt of\/list-.* 25 % of sessions today 25 % shorter 25 % mini 50 % Accepted, of judged calls people decide —/,
    )
    assert.match(await words(running), /running .* all users .* weights follow what is seen \d/)
    await page.screenshot({ path: join(shots, 'experiments-light.png') })
    await page.getByRole('radiogroup', { name: 'State' }).getByText('draft').click()
    await row(running).waitFor({ state: 'detached' })
    assert.equal(here(page).searchParams.get('state'), 'draft')
    await page.getByRole('radiogroup', { name: 'State' }).getByText('all').click()
    await page.keyboard.press('/')
    await page.keyboard.type('short one')
    await row(running).waitFor({ state: 'detached' })
    await row(draft).getByRole('link', { name: draft, exact: true }).click()
    await page.getByRole('heading', { name: draft }).waitFor()
  })
})

test('an experiment is started, paused, a variant stopped, and concluded; who was slower is told', async () => {
  const name = `states-${run}`
  await create(name)
  const other = `other-${run}`
  await ask(
    'POST',
    '/experiments',
    { name: other, prompt: `of/${name}`, variants: [{ name: 'a' }, { name: 'b', version: '2' }], metric: 'success_rate' },
    201,
  )
  await withPage(path(name), { awaited: /409|412/ }, async (page) => {
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await dialog.getByLabel('Your name').fill('ben')
    await dialog.getByLabel('Why').fill('a try')
    await act(other, ['start'])
    await dialog.getByRole('button', { name: 'Start it' }).click()
    await dialog.getByRole('alert').filter({ hasText: other }).waitFor()
    await act(other, ['pause'])
    await dialog.getByRole('button', { name: 'Start it' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    assert.equal((await show(name)).state, 'running')
    const history = page.getByRole('list', { name: 'History of changes' })
    await history.getByText('“a try”').waitFor()

    await page.getByRole('button', { name: 'Stop mini' }).click()
    await dialog.getByText('Its users get today from the next call on').waitFor()
    await dialog.getByRole('button', { name: 'Stop mini' }).click()
    await dialog.waitFor({ state: 'detached' })
    const variants = page.getByRole('table', { name: 'Variants' })
    await variants.getByRole('row', { name: /mini/ }).getByText('stopped').waitFor()
    assert.match(await variants.getByRole('row', { name: /today/ }).innerText(), /75 %/, 'its units get the control')
    await history.getByText('mini: weight 2 → stopped').waitFor()

    await page.getByRole('button', { name: 'Pause' }).click()
    await act(name, ['pause'], '?by=cleo')
    await dialog.getByRole('button', { name: 'Pause it' }).click()
    await dialog.getByText(/Somebody was faster.*It was paused at .* by cleo. It is paused now./).waitFor()
    await page.screenshot({ path: join(shots, 'experiment-conflict-light.png') })
    await dialog.getByRole('button', { name: 'Cancel' }).click()

    await page.getByRole('button', { name: 'Conclude …' }).click()
    await dialog.getByLabel('Winner').selectOption('shorter')
    await dialog.getByText('move the label or change the program').waitFor()
    await dialog.getByRole('button', { name: 'Conclude: shorter wins' }).click()
    await dialog.waitFor({ state: 'detached' })
    const told = await show(name)
    assert.deepEqual([told.state, told.winner], ['concluded', 'shorter'])
    await variants
      .getByRole('row', { name: /shorter/ })
      .getByText('winner')
      .waitFor()
    assert.equal(await page.getByRole('button', { name: 'Conclude …' }).count(), 0, 'it is over, for good')
  })
})

test('a draft says that nothing is known yet, and what it will be held to; it is removed, if it is as it was seen', async () => {
  const name = `draft-${run}`
  const cost = { metric: 'cost_per_call', worse_by: 0.0005 }
  await create(name, { guards: [{ metric: 'duration', worse_by: 0.1, relative: true }, cost] })
  await withPage(path(name), { awaited: /412|404/ }, async (page) => {
    await page.getByText('It has not been started').waitFor()
    assert.equal(await page.getByRole('region', { name: 'Over time' }).count(), 0)
    await page.getByText('Duration, average: worse by at most 10 %').waitFor()
    await page.getByText('Cost per call: worse by at most 0.0005 in the currency of the calls').waitFor()
    await page.screenshot({ path: join(shots, 'experiment-draft-light.png') })
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Remove …' }).click()
    await ask('PATCH', path(name), { description: 'another' }, 200)
    await dialog.getByRole('button', { name: 'Remove it for good' }).click()
    await dialog.getByText('Somebody was faster, and nothing was removed.').waitFor()
    await show(name)
    await dialog.getByRole('button', { name: 'Remove it for good' }).click()
    await page.waitForURL((url) => url.pathname === '/experiments')
    await ask('GET', path(name), undefined, 404)
    assert.equal(await page.getByRole('link', { name, exact: true }).count(), 0)
  })
  await withPage(path(name), { awaited: /404/ }, async (page) => {
    await page.getByText('Not found', { exact: true }).waitFor()
  })
})

test('amounts have the currency of the calls, and a phone has each figure with its name', async () => {
  const name = `euro-${run}`
  await create(name)
  const experiment = await act(name, ['start'])
  const paid = (variant) =>
    calls(experiment, variant, { users: 60, accepted: 5 }).map((call) => ({ ...call, cost: { total: '0.002', currency: 'EUR' } }))
  await deliver([...paid('today'), ...paid('shorter')])
  await withPage(path(name), { width: 390, height: 844 }, async (page) => {
    const variants = page.getByRole('table', { name: 'Variants' })
    const control = variants.getByRole('row').filter({ hasText: 'control' }).first()
    await control.getByText('EUR 0.002', { exact: true }).waitFor()
    assert.equal(await variants.getByText('$').count(), 0)
    const names = await variants
      .locator('td[data-label]:visible')
      .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell, '::before').content))
    for (const head of ['Gets', 'Users', 'Calls', 'Accepted, of judged calls', 'Best', 'Cost per call'])
      assert.ok(names.includes(`"${head}"`), `${head} in ${names.join()}`)
    const [inner, outer] = await variants.evaluate((table) => [table.parentElement.scrollWidth, table.parentElement.clientWidth])
    assert.ok(inner <= outer, `${inner} > ${outer}: what decides must not be out of sight`)
    await fits(page)
    await variants.scrollIntoViewIfNeeded()
    await page.screenshot({ path: join(shots, 'experiment-variants-phone-light.png') })
  })
  await withPage('/experiments', { width: 390, height: 844 }, async (page) => {
    const cell = page.getByRole('row').filter({ hasText: name }).locator('td[data-label]')
    assert.equal(await cell.evaluate((each) => getComputedStyle(each, '::before').content), '"Started "')
    await fits(page)
  })
})

test('the result has a verdict, intervals over time around no difference, variants and how units were divided', async () => {
  const name = `result-${run}`
  await create(name, { guards: [{ metric: 'duration', worse_by: 0.1, relative: true }] })
  const experiment = await act(name, ['start'])
  await deliver([
    ...calls(experiment, 'today', { users: 600, accepted: 5 }),
    ...calls(experiment, 'shorter', { users: 590, accepted: 9 }),
    ...calls(experiment, 'mini', { users: 1200, accepted: 5, probability: 0.5 }),
    ...leftOut(experiment, 3, 'the call says no user, by which the experiment divides'),
    ...leftOut(experiment, 2, undefined),
  ])
  const told = await ask('GET', `${path(name, 'result')}?tz=Europe%2FBerlin`, undefined, 200)
  assert.deepEqual(
    told.variants.map(({ calls, values }) => [calls, values[0].metric, values[0].value?.toFixed(9)]),
    [
      [600, 'acceptance_rate', '0.500000000'],
      [590, 'acceptance_rate', '0.900000000'],
      [1200, 'acceptance_rate', '0.500000000'],
    ],
  )
  await withPage(path(name), {}, async (page) => {
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByText(told.sentence, { exact: true }).waitFor()
    const variants = page.getByRole('table', { name: 'Variants' })
    for (const each of told.variants) {
      const row = variants.getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${each.name}`) }) })
      await row.getByText(`${(each.values[0].value * 100).toFixed(1)} %`, { exact: true }).waitFor()
      if (each.primary) await row.getByText(each.primary.sentence, { exact: true }).waitFor()
    }
    const shorter = variants.getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^shorter/ }) })
    await shorter.getByText('better').first().waitFor()
    const over = page.getByRole('region', { name: 'Over time' })
    const chart = over.getByRole('img', {
      name: /^Accepted, of judged calls of shorter against the control, over time: at the end .*\+\d/,
    })
    await chart.locator('circle').waitFor()
    assert.equal(await over.getByRole('figure').count(), 2, 'the control has no chart')
    await page
      .getByRole('region', { name: 'Guards' })
      .getByText(/shorter · Duration, average, at most 10 % worse/)
      .waitFor()
    await page.getByRole('region', { name: 'Sample ratio' }).getByText('As the weights say').waitFor()
    const notCounted = page.getByRole('region', { name: 'Not counted' })
    await notCounted.getByText('5 calls of the experiment took no part').waitFor()
    await notCounted.getByText('2 say no user, or no variant of the experiment').waitFor()
    await notCounted.scrollIntoViewIfNeeded()
    await page.screenshot({ path: join(shots, 'experiment-not-counted-light.png') })
    await notCounted.getByRole('link', { name: 'the call says no user' }).click()
    await page.getByRole('region', { name: 'Summary' }).getByText('3', { exact: true }).first().waitFor()
    await page.goBack()
    await verdict.waitFor()
    const sides = await page.locator('[class*=main_], [class*=_main_], [class*=_side_]').evaluateAll((all) =>
      all.map((each) => each.getBoundingClientRect().bottom),
    )
    assert.ok(Math.max(...sides.slice(-2)) - Math.min(...sides.slice(-2)) < 1, `the sides end at ${sides}`)
    await page.screenshot({ path: join(shots, 'experiment-light.png'), fullPage: true })
    await shorter.getByRole('link', { name: '590' }).click()
    await page.getByRole('region', { name: 'Summary' }).getByText('590', { exact: true }).waitFor()
  })
  await withPage('/experiments', {}, async (page) => {
    await page.route(/\/result\?/, async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: withDays(await answer.json()) })
    })
    await page.getByRole('link', { name, exact: true }).click()
    const over = page.getByRole('region', { name: 'Over time' })
    const chart = over.getByRole('img', { name: /^Accepted, of judged calls of shorter/ })
    const [zero, band] = await Promise.all([
      chart.locator('[class*=zero]').evaluate((line) => Number(line.getAttribute('y1'))),
      chart.locator('polygon').evaluate((shape) =>
        shape
          .getAttribute('points')
          .split(' ')
          .map((point) => point.split(',').map(Number)),
      ),
    ])
    const last = Math.max(...band.map(([x]) => x))
    assert.ok(
      band.filter(([x]) => x === last).every(([, y]) => y < zero),
      'at the end the interval lies above no difference',
    )
    await chart.focus()
    const atEnd = await over.locator('figcaption').first().innerText()
    await page.keyboard.press('ArrowLeft')
    assert.notEqual(await over.locator('figcaption').first().innerText(), atEnd)
    await page.screenshot({ path: join(shots, 'experiment-days-light.png'), fullPage: true })
  })
  await withPage(path(name), { scheme: 'dark', width: 400, height: 900 }, async (page) => {
    await page.getByRole('region', { name: 'Over time' }).waitFor()
    await fits(page)
    await page.screenshot({ path: join(shots, 'experiment-phone-dark.png'), fullPage: true })
  })
})
