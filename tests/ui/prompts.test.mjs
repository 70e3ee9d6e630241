// The registry's pages as their user meets them: prompts made through the API, calls that name them, and a real Chromium.
// Run by run.sh; every test stands on its own prompts.
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

const path = (name, ...below) => ['/prompts', ...[name, ...below].map(encodeURIComponent)].join('/')
const create = (name, more) => ask('POST', '/prompts', { name, ...more }, 201)
const add = (name, more) => ask('POST', path(name, 'versions'), more, 201)
const move = (name, label, more) => ask('PUT', path(name, 'labels', label), more, 200)
const standing = async (name, label) => (await ask('GET', path(name, 'labels', label), undefined, 200)).version

/** Calls of a version in the last days; `accepted` of 10 are, and it takes `ms`, each a little more or less. */
function calls(name, version, { count, days, until = 0, accepted, ms }) {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'chat',
    status: 'success',
    started_at: new Date(Date.now() - (until + ((index + 1) / count) * days) * 86_400_000).toISOString(),
    prompt: { name, version },
    model: { requested: index % 2 ? 'model-a' : 'model-b' },
    time: { duration_ms: ms * (0.8 + ((index * 7) % 40) / 100) },
    feedback: { verdict: index % 10 < accepted ? 'accepted' : 'rejected' },
  }))
}

const here = (page) => new URL(page.url())

test('an empty registry says how a prompt comes in', async (t) => {
  if ((await ask('GET', '/prompts', undefined, 200)).total > 0) return t.skip('STENO_TEST_URL has prompts')
  await withPage('/prompts', {}, async (page) => {
    await page.getByText('The registry has no prompts yet').waitFor()
    await page.getByText('steno prompts create answer').waitFor()
    await page.screenshot({ path: join(shots, 'prompts-empty.png') })
  })
})

test('the list has the registry, and what only calls name; it is searched and walked by keys', async () => {
  const name = `support/list-${run}`
  await create(name, {
    text: 'Say {{a}}',
    description: 'What customers ask',
    tags: ['desk'],
    labels: ['production'],
  })
  await add(name, { text: 'Say {{a}} and {{b}}' })
  await create(`other-${run}`, { text: 'Other' })
  await create(`old-${run}`, { text: 'Old' })
  await ask('PATCH', path(`old-${run}`), { archived: true }, 200)
  const only = `only-called-${run}`
  await deliver([
    ...calls(name, '2', { count: 3, days: 2, accepted: 5, ms: 100 }),
    ...calls(only, 'x', { count: 4, days: 2, accepted: 5, ms: 100 }),
  ])
  await withPage('/', {}, async (page) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Prompts' }).click()
    const row = (text) => page.getByRole('row').filter({ hasText: text })
    await row(name).waitFor()
    const cells = (await row(name).getByRole('cell').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '))
    assert.match(cells[0], /^2 2 versions · /)
    assert.equal(cells[1], 'production 1')
    assert.equal(cells[2], '3')
    assert.equal((await row(`other-${run}`).getByRole('cell').allInnerTexts())[2], '0')
    await page.getByText('Only on calls').waitFor()
    assert.equal((await row(only).getByRole('cell').allInnerTexts())[2], '4')
    assert.equal(await row(`old-${run}`).count(), 0, 'archived ones are in no list')
    await page.screenshot({ path: join(shots, 'prompts-light.png') })

    await page.keyboard.press('/')
    await page.keyboard.type('CUSTOMERS')
    await row(`other-${run}`).waitFor({ state: 'detached' })
    await page.waitForURL(/text=CUSTOMERS/)
    await page.reload()
    await row(name).waitFor()
    assert.equal(await row(`other-${run}`).count(), 0, 'a reload keeps the search')
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await row(name).getByRole('button', { name: 'desk' }).click()
    await row(`other-${run}`).waitFor({ state: 'detached' })
    assert.equal(here(page).searchParams.get('tag'), 'desk')
    await page.getByRole('button', { name: 'Remove filter tag = desk' }).click()
    await page.getByRole('button', { name: 'Archived' }).click()
    await row(`old-${run}`).waitFor()
    await page.getByRole('button', { name: 'Not archived' }).click()
    await row(name).waitFor()

    await page.locator('h1').click()
    const rows = await page.getByRole('rowheader').getByRole('link').allInnerTexts()
    for (let press = 0; press <= rows.indexOf(name); press++) await page.keyboard.press('j')
    await page.locator('tr[data-active]').filter({ hasText: name }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('article', { name: 'Version 1' }).waitFor()
    assert.equal(here(page).pathname, path(name))
  })
})

test('a version shows what it says, with what is filled in marked', async () => {
  const name = `whole-${run}`
  await create(`tone-${run}`, { text: 'Be {{how}}.', labels: ['production'] })
  await create(name, {
    messages: [
      {
        role: 'system',
        content: `{{> tone-${run}@production}}\n{{#orders}}- {{id}}{{/orders}}{{! why }}`,
      },
      { role: 'user', content: '{{question}} <b>&amp;</b>' },
    ],
    goal: 'Answers what people ask',
    model: 'gpt-4o-mini',
    temperature: 0.3,
    token_limit: 1500,
    parameters: { stop: ['END'] },
    tools: [{ name: 'find_order', description: 'Finds an order' }],
    response_schema: {
      type: 'object',
      properties: { answer: { type: 'string' } },
    },
    variables: [
      { name: 'question', default: 'Why?' },
      { name: 'orders', type: 'list', required: false },
    ],
    labels: ['production'],
    notes: 'the first of them',
    author: 'ann',
  })
  await add(name, { text: 'Second' })
  await withPage(path(name), {}, async (page) => {
    const version = page.getByRole('article', { name: 'Version 1' })
    await version.waitFor()
    const system = version.getByRole('region', { name: 'System' })
    assert.deepEqual(
      await system.locator('[data-kind]').evaluateAll((all) => all.map((each) => [each.dataset.kind, each.textContent])),
      [
        ['include', `{{> tone-${run}@production}}`],
        ['section', '{{#orders}}'],
        ['variable', '{{id}}'],
        ['section', '{{/orders}}'],
        ['comment', '{{! why }}'],
      ],
    )
    assert.equal(
      await version.getByRole('region', { name: 'User' }).locator('[class*=text]').innerText(),
      '{{question}} <b>&amp;</b>',
    )
    for (const part of [
      'Answers what people ask',
      'gpt-4o-mini',
      '0.3',
      '1,500',
      '"END"',
      'find_order',
      '"answer"',
      'the first of them',
    ])
      await version.getByText(part).first().waitFor()
    const variables = version.getByRole('table', { name: 'Variables' })
    assert.deepEqual(await variables.getByRole('row', { name: 'question' }).getByRole('cell').allInnerTexts(), ['string', 'Why?'])
    await page.screenshot({
      path: join(shots, 'prompt-version-light.png'),
      fullPage: true,
    })

    await version.getByRole('button', { name: 'Copy curl' }).click()
    const curl = await page.evaluate(() => navigator.clipboard.readText())
    assert.equal(curl, `curl "${steno.url}/api/v1/prompts/${name}/fetch?label=production"`)
    const answer = await fetch(/"(.*)"/.exec(curl)[1])
    assert.equal((await answer.json()).version, '1')
    await version.getByText('Python', { exact: true }).click()
    await version.getByText('urllib.request.urlopen').waitFor()

    await page.getByRole('heading', { name: 'Version 1' }).click()
    await page.keyboard.press('k')
    await page.getByRole('article', { name: 'Version 2' }).waitFor()
    assert.equal(here(page).searchParams.get('version'), '2')
    await page.goto(`${steno.url}${path(name)}?version=production`)
    await version.waitFor()
    await version.getByRole('link', { name: `{{> tone-${run}@production}}` }).click()
    await page.getByText('{{how}}').waitFor()
  })
  await withPage(`${path(name)}?version=77`, { awaited: /404/ }, async (page) => {
    await page.getByText('has no version 77').waitFor()
  })
})

test('a label moves when that is confirmed, is rolled back, and its history is told', async () => {
  const name = `labels-${run}`
  await create(name, { text: 'One', labels: ['production'], author: 'ann' })
  await add(name, { text: 'Two' })
  // A label that is none is refused with 400, which the browser says, too.
  await withPage(path(name, 'labels'), { awaited: /400/ }, async (page) => {
    await page.getByRole('button', { name: 'Move production' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Programs that ask for “production” get version 2').waitFor()
    assert.equal(await standing(name, 'production'), '1', 'nothing moves before it is confirmed')
    await dialog.getByLabel('Your name').fill('ben')
    await dialog.getByLabel('Why').fill('it is shorter')
    await page.screenshot({ path: join(shots, 'prompt-move-light.png') })
    await dialog.getByRole('button', { name: 'Move production' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await standing(name, 'production'), '2')
    const last = page.getByRole('region', { name: 'History of production' }).getByRole('row').nth(1)
    await last.filter({ hasText: 'it is shorter' }).waitFor()
    assert.deepEqual((await last.getByRole('cell').allInnerTexts()).slice(1), ['1', '2', 'ben', 'it is shorter'])

    await move(name, 'production', { protected: true })
    await page.reload()
    await page.getByRole('button', { name: 'Roll back production' }).click()
    const back = dialog.getByRole('button', { name: 'Roll back to 1' })
    await back.waitFor()
    assert.equal(await back.isDisabled(), true, 'a protected label needs more than a click')
    assert.equal(await dialog.getByLabel('Your name').inputValue(), 'ben', 'who one is, is remembered')
    await dialog.getByText('is protected: move it all the same').click()
    await back.click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await standing(name, 'production'), '1')
    await page.getByRole('region', { name: 'History of production' }).getByText('rollback').waitFor()

    await page.getByRole('link', { name: 'Versions 2' }).click()
    await page.getByRole('button', { name: 'Move a label here' }).click()
    await dialog.getByLabel('Label', { exact: true }).first().fill('Not A Label')
    await dialog.getByRole('button', { name: 'Move Not A Label' }).click()
    await dialog.getByRole('alert').filter({ hasText: 'label' }).waitFor()
    await dialog.getByLabel('Label', { exact: true }).first().fill('canary')
    await dialog.getByRole('button', { name: 'Move canary' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await standing(name, 'canary'), '1')
    await page.getByRole('article').getByText('canary', { exact: true }).waitFor()
  })
})

test('who moves a label that somebody else has moved meanwhile is told, and nothing is moved', async () => {
  const name = `race-${run}`
  await create(name, { text: 'One', labels: ['production'] })
  await add(name, { text: 'Two' })
  await add(name, { text: 'Three' })
  await withPage(path(name, 'labels'), { awaited: /412/ }, async (page) => {
    await page.getByRole('button', { name: 'Move production' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('get version 3').waitFor()
    await move(name, 'production', { version: '2', by: 'somebody else' })
    await dialog.getByRole('button', { name: 'Move production' }).click()
    await dialog.getByText('“production” stood on 1, and stands on 2.').waitFor()
    assert.equal(await standing(name, 'production'), '2', 'the faster one has won')
    await page.screenshot({ path: join(shots, 'prompt-conflict-light.png') })
    await dialog.getByRole('button', { name: 'Move production' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await standing(name, 'production'), '3', 'who has seen it may ask again')
  })
})

test('a prompt is written in the page, seen as it comes out, and told where it is wrong', async () => {
  const name = `written/${run}`
  await withPage('/prompts', { awaited: /400/ }, async (page) => {
    await page.getByRole('link', { name: 'New prompt' }).click()
    await page.getByLabel('Name', { exact: false }).first().fill(name)
    const text = page.getByRole('textbox', { name: 'Text', exact: true })
    await text.fill('Answer {{question}}\n{{#orders}}open')
    const make = page.getByRole('button', { name: 'Create the prompt' })
    await page.getByText('line 2, column 1: {{#orders}} is not closed').first().waitFor()
    assert.equal(await make.isDisabled(), true)
    await page.getByRole('button', { name: 'Go there' }).click()
    assert.equal(await text.evaluate((area) => area.selectionStart), 'Answer {{question}}\n'.length)
    await page.screenshot({ path: join(shots, 'prompt-new-wrong-light.png') })
    await text.fill('Answer {{question}} in a {{tone}} tone.')
    await page.getByRole('button', { name: 'Variable', exact: true }).click()
    await page.getByLabel('Name of variable 1').fill('tone')
    await page.getByLabel('Default of tone').fill('dry')
    const preview = page.getByRole('complementary', { name: 'Preview' })
    await preview.getByText('Missing, so empty in the text: question').waitFor()
    await preview.getByLabel('question').fill('Why {{not}}?')
    await preview.getByText('Answer Why {{not}}? in a dry tone.').waitFor()
    await page.getByLabel('Temperature').fill('hot')
    await page.getByText('a number', { exact: true }).waitFor()
    assert.equal(await make.isDisabled(), true)
    await page.getByLabel('Temperature').fill('0.30')
    await page.getByText('Parameters, tools and response schema').click()
    await page.getByLabel('Other parameters of the model').fill('{"seed": 12345678901234567890}')
    await page.getByLabel('Labels on it').fill('staging')
    await page.getByLabel('Your name').fill('ann')
    await page.screenshot({ path: join(shots, 'prompt-new-light.png') })
    assert.equal((await fetch(`${steno.url}/api/v1${path(name)}`)).status, 404, 'a preview keeps nothing')
    await make.click()
    await page.getByRole('article', { name: 'Version 1' }).waitFor()
    assert.equal(here(page).pathname, path(name))
    const kept = await (await fetch(`${steno.url}/api/v1${path(name, 'versions', '1')}`)).text()
    assert.match(kept, /12345678901234567890/)
    const version = JSON.parse(kept)
    assert.deepEqual([version.temperature, version.author, version.labels], [0.3, 'ann', ['staging', 'latest']])
    assert.deepEqual(
      version.variables.map((each) => [each.name, each.default]),
      [['tone', 'dry']],
    )
  })
})

test('a new version begins with what another says; the same once more is not made, and who was slower is told', async () => {
  const name = `next-${run}`
  await create(name, {
    text: 'One {{a}}',
    model: 'gpt-4o',
    labels: ['production'],
    author: 'ann',
  })
  await withPage(path(name), { awaited: /41[02]|409/ }, async (page) => {
    await page.getByRole('link', { name: 'New version' }).click()
    const text = page.getByRole('textbox', { name: 'Text', exact: true })
    assert.equal(await text.inputValue(), 'One {{a}}')
    assert.equal(await page.getByLabel('Model').first().inputValue(), 'gpt-4o')
    const make = page.getByRole('button', { name: 'Make the version' })
    await make.click()
    await page.getByText('Version 1 says the same already').waitFor()
    await text.fill('Two {{a}}')
    await page.getByText('Chat messages').click()
    assert.equal(await page.getByRole('textbox', { name: 'Message 1' }).inputValue(), 'Two {{a}}')
    await page.getByRole('button', { name: 'Message', exact: true }).click()
    await page.getByRole('textbox', { name: 'Message 2' }).fill('Yes')
    await page.getByRole('button', { name: 'Move message 2 up' }).click()
    assert.equal(await page.getByRole('textbox', { name: 'Message 1' }).inputValue(), 'Yes')

    await add(name, { text: 'Faster', author: 'ben' })
    await make.click()
    await page.getByText('There is a version 2 now by ben; yours is built on 1.').waitFor()
    assert.equal((await ask('GET', path(name), undefined, 200)).version_count, 2, 'nothing was made')
    await page.screenshot({
      path: join(shots, 'prompt-version-conflict-light.png'),
    })
    await page.getByLabel('Version', { exact: true }).fill('1')
    await make.click()
    await page.getByRole('alert').filter({ hasText: 'version 1' }).first().waitFor()
    await page.getByLabel('Version', { exact: true }).fill('')
    await make.click()
    await page.getByRole('article', { name: 'Version 3' }).waitFor()
    const made = await ask('GET', path(name, 'versions', '3'), undefined, 200)
    assert.deepEqual(made.messages, [
      { role: 'assistant', content: 'Yes' },
      { role: 'user', content: 'Two {{a}}' },
    ])
  })
  await withPage(`${path(name)}/new?from=production`, { scheme: 'dark', width: 400, height: 900 }, async (page) => {
    const text = page.getByRole('textbox', { name: 'Text', exact: true })
    await text.fill('Not kept yet')
    await fits(page)
    await page.screenshot({
      path: join(shots, 'prompt-new-phone-dark.png'),
      fullPage: true,
    })
    let asked = ''
    page.once('dialog', (dialog) => {
      asked = dialog.message()
      void dialog.dismiss()
    })
    await page.getByRole('link', { name: 'Labels' }).click()
    await page.waitForTimeout(300)
    assert.match(asked, /not kept yet/)
    assert.equal(await text.inputValue(), 'Not kept yet', 'who stays loses nothing')
  })
})

test('a prompt is described, archived and taken back; a label is protected', async () => {
  const name = `about-${run}`
  await create(name, { text: 'One', labels: ['production'] })
  await withPage(path(name, 'labels'), { awaited: /412/ }, async (page) => {
    await page.getByRole('button', { name: 'Protect production' }).click()
    await page.getByRole('button', { name: 'Unprotect production' }).waitFor()
    assert.equal((await ask('GET', path(name, 'labels', 'production'), undefined, 200)).protected, true)

    await page.getByRole('button', { name: 'Edit …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Description').fill('What it is about')
    await dialog.getByLabel('Tags').fill('desk, day')
    await ask('PATCH', path(name), { tags: ['faster'] }, 200)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('Somebody was faster, and nothing was changed.').waitFor()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    const told = await ask('GET', path(name), undefined, 200)
    assert.deepEqual([told.description, told.tags], ['What it is about', ['desk', 'day']])

    await page.getByRole('button', { name: 'Edit …' }).click()
    await dialog.getByRole('button', { name: 'Archive it' }).click()
    await page.getByRole('note').getByText('Archived').waitFor()
    assert.notEqual((await ask('GET', path(name), undefined, 200)).archived_at, null)
    // Nobody is told to ask for what is not answered.
    await page.getByRole('link', { name: 'Versions 1' }).click()
    const curl = await page.getByRole('article', { name: 'Version 1' }).locator('pre', { hasText: 'curl' }).innerText()
    const asked = await fetch(/"(.*)"/.exec(curl)[1])
    assert.deepEqual([asked.status, (await asked.json()).version], [200, '1'])
    await page.getByRole('button', { name: 'Archived …' }).click()
    await dialog.getByRole('button', { name: 'Take it back' }).click()
    await page.getByRole('note').waitFor({ state: 'detached' })
    assert.equal((await ask('GET', path(name), undefined, 200)).archived_at, null)
  })
})

test('a prompt is removed once its name is written; what is lost is named, and who was slower is told', async () => {
  const name = `gone/${run}`
  const experiment = `gone-${run}`
  await create(name, { text: 'One', labels: ['production'] })
  await add(name, { text: 'Two' })
  await deliver(calls(name, '2', { count: 2, days: 1, accepted: 5, ms: 100 }))
  await ask('POST', '/experiments', { name: experiment, prompt: name, metric: 'success_rate', variants: [{ name: 'a' }, { name: 'b' }] }, 201)
  await withPage(path(name), { awaited: /409|412|404/ }, async (page) => {
    await page.getByRole('button', { name: 'Remove …' }).click()
    const dialog = page.getByRole('dialog', { name: `Remove ${name}` })
    await dialog.getByText('Its 2 versions and the history of its labels are lost').waitFor()
    await dialog.getByText(`${experiment} (draft)`).waitFor()
    const remove = dialog.getByRole('button', { name: 'Remove it for good' })
    assert.equal(await remove.isDisabled(), true)
    await dialog.getByLabel('Write its name to remove it').fill(`${name}x`)
    await page.keyboard.press('Enter')
    await dialog.getByLabel('Write its name to remove it').fill(name)
    await move(name, 'staging', { version: '2', protected: true })
    await remove.click()
    await dialog.getByText('Somebody was faster, and nothing was removed.').waitFor()
    const labels = dialog.getByLabel('Labels that stand on it')
    await labels.getByText('staging').waitFor()
    await labels.getByText('production').waitFor()
    await page.screenshot({ path: join(shots, 'prompt-remove-light.png') })
    assert.equal((await ask('GET', path(name), undefined, 200)).version_count, 2)
    await remove.click()
    const users = dialog.getByRole('alert').filter({ hasText: 'Nothing was removed: others rest on it.' })
    assert.equal(await users.getByRole('link', { name: experiment }).getAttribute('href'), `/experiments/${experiment}`)
    await users.getByText('programs that ask for the label staging').waitFor()
    assert.equal((await ask('GET', path(name), undefined, 200)).version_count, 2, 'a refusal removes nothing')
    await dialog.getByLabel('Write its name to remove it').fill(`${name}x`)
    assert.equal(await dialog.getByRole('button', { name: 'Remove it all the same' }).count(), 0, 'force wants the name, too')
    await dialog.getByLabel('Write its name to remove it').fill(name)
    await page.screenshot({ path: join(shots, 'prompt-remove-in-use-light.png') })
    await dialog.getByRole('button', { name: 'Remove it all the same' }).click()
    await page.waitForURL((url) => url.pathname === '/prompts')
    const warnings = page.getByRole('region', { name: 'Warnings' })
    await warnings.getByText(`${name} was removed.`).waitFor()
    await warnings.getByText(`the experiment "${experiment}" (draft) has lost the prompt "${name}"`).waitFor()
    await ask('GET', path(name), undefined, 404)
    const row = page.getByRole('row').filter({ hasText: name })
    await row.waitFor()
    assert.equal((await row.getByRole('cell').allInnerTexts())[2], '2', 'its calls are on the record yet')
  })
})

test('what others rest on is hidden, and its label taken away, only by force; what that did is told until it is dismissed', async () => {
  const [name, outer, experiment] = [`rest/${run}`, `outer/${run}`, `rest-${run}`]
  await create(name, { text: 'One', labels: ['production', 'other'] })
  await add(name, { text: 'Two' })
  await create(outer, { text: `{{> ${name}@production}} and more` })
  await ask(
    'POST',
    '/experiments',
    { name: experiment, prompt: name, metric: 'success_rate', variants: [{ name: 'a' }, { name: 'b', version: '2' }] },
    201,
  )
  await ask('POST', `/experiments/${experiment}/start`, {}, 200)
  await withPage(path(name, 'labels'), { awaited: /409|412/ }, async (page) => {
    const dialog = page.getByRole('dialog')
    const warnings = page.getByRole('region', { name: 'Warnings' })
    const refused = dialog.getByRole('alert')

    await page.getByRole('button', { name: 'Take other away' }).click()
    await dialog.getByText('Programs that ask for “other” are refused').waitFor()
    await dialog.getByRole('button', { name: 'Take other away' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await standing(name, 'other'), null)
    await page.goto(`${steno.url}${path(name, 'labels')}?label=other`)
    const taken = page.getByRole('region', { name: 'History of other' }).getByRole('row').nth(1)
    await taken.getByText('nowhere').waitFor()
    assert.equal(await warnings.count(), 0, 'nobody has lost anything')

    await page.getByRole('button', { name: 'Move production' }).click()
    await dialog.getByRole('button', { name: 'Move production' }).click()
    await warnings.getByText(`“production” of ${name} was moved.`).waitFor()
    await warnings.getByText(/"a" names no version, and is version 2 from now on, where it was 1/).waitFor()

    await page.getByRole('button', { name: 'Take production away' }).click()
    await dialog.getByLabel('Why').fill('a try')
    await dialog.getByRole('button', { name: 'Take production away' }).click()
    await refused.getByText('Nothing was taken away: others rest on it.').waitFor()
    assert.equal(await refused.getByRole('link', { name: experiment }).getAttribute('href'), `/experiments/${experiment}`)
    assert.equal(await refused.getByRole('link', { name: outer }).getAttribute('href'), `${path(outer)}?version=1`)
    await refused.getByText('(running)').waitFor()
    assert.equal(await standing(name, 'production'), '2')
    await page.screenshot({ path: join(shots, 'prompt-label-in-use-light.png') })
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'Edit …' }).click()
    await dialog.getByRole('button', { name: 'Archive it' }).click()
    await refused.getByText('Nothing was archived: others rest on it.').waitFor()
    assert.equal((await ask('GET', path(name), undefined, 200)).archived_at, null)
    // What has changed meanwhile is told here, too, and then it is asked once more.
    await ask('PATCH', path(name), { tags: ['faster'] }, 200)
    await dialog.getByRole('button', { name: 'Archive it all the same' }).click()
    await dialog.getByText('Its tags are faster now.').waitFor()
    assert.equal((await ask('GET', path(name), undefined, 200)).archived_at, null)
    await dialog.getByRole('button', { name: 'Archive it' }).click()
    await dialog.getByRole('button', { name: 'Archive it all the same' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.notEqual((await ask('GET', path(name), undefined, 200)).archived_at, null)
    await warnings.getByText(`the experiment "${experiment}" (running) has lost the prompt "${name}"`).waitFor()
    await warnings.getByText(`version 1 of "${outer}" includes the prompt "${name}", and cannot be filled in any more`).waitFor()

    // They stay, whatever page is open, each until it is dismissed.
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click()
    await page.getByRole('heading', { name: 'Experiments' }).waitFor()
    assert.equal(await warnings.getByRole('alert').count(), 2)
    await page.screenshot({ path: join(shots, 'warnings-light.png') })
    await warnings.getByRole('alert').first().getByRole('button', { name: 'Close this message' }).click()
    assert.equal(await warnings.getByText('was moved.').count(), 0)
    await warnings.getByRole('button', { name: 'Close this message' }).click()
    await warnings.waitFor({ state: 'detached' })
  })
})

test('a dialog keeps what was written: Escape closes it, a click beside it does not, and keys move nothing behind it', async () => {
  const name = `dialog-${run}`
  await create(name, { text: 'One', labels: ['production'] })
  await withPage(path(name), { awaited: /503/ }, async (page) => {
    const edit = page.getByRole('button', { name: 'Edit …' })
    const dialog = page.getByRole('dialog')
    await edit.click()
    const description = dialog.getByLabel('Description')
    await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA')
    await page.keyboard.type('What it is')
    await page.mouse.click(5, 5)
    assert.equal(await description.inputValue(), 'What it is')
    // The keyboard goes round in the dialog, and comes back to where it was.
    for (let press = 0; press < 8; press++) {
      await page.keyboard.press('Tab')
      assert.ok(await dialog.evaluate((box) => box.contains(document.activeElement)), `after ${press + 1} Tabs`)
    }
    await dialog.getByRole('button', { name: 'Close' }).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.activeElement?.textContent === 'Edit …')
    // The server says no, and nothing of it is lost.
    await page.route('**/api/v1/prompts/**', async (route) => {
      if (route.request().method() !== 'PATCH') return route.fallback()
      await route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        json: { type: 'about:blank', title: 'unavailable', status: 503, code: 'unavailable', detail: 'the disk is away', remedy: 'wait' },
      })
    })
    await edit.click()
    await description.fill('What it is about')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByRole('alert').filter({ hasText: 'the disk is away: wait' }).waitFor()
    assert.equal(await description.inputValue(), 'What it is about')
    await page.unroute('**/api/v1/prompts/**')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await ask('GET', path(name), undefined, 200)).description, 'What it is about')
  })
})

test('on a phone all that can be done with a label is in sight', async () => {
  const name = `phone-${run}`
  await create(name, { text: 'One', labels: ['production', 'staging'] })
  await withPage(path(name, 'labels'), { width: 390, height: 844 }, async (page) => {
    for (const button of ['Move staging', 'Roll back staging', 'Take staging away', 'Protect staging']) {
      const box = await page.getByRole('button', { name: button }).boundingBox()
      assert.ok(box.x + box.width <= 390, `${button} ends at ${box.x + box.width}`)
    }
    await fits(page)
  })
})

test('a new prompt and version say at once what keeps them from being filled in', async () => {
  const name = `lacks-${run}`
  // The preview says so before, with a 400, which the browser says, too.
  await withPage('/new-prompt', { awaited: /400/ }, async (page) => {
    const warnings = page.getByRole('region', { name: 'Warnings' })
    await page.getByLabel('Name', { exact: false }).first().fill(name)
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill(`{{> nobody/${run}}} says`)
    await page.getByRole('button', { name: 'Create the prompt' }).click()
    await page.getByRole('article', { name: 'Version 1' }).waitFor()
    await warnings.getByText(`version 1 of "${name}" cannot be filled in`).waitFor()
  })
})

test('two versions stand side by side, their words marked, and the address holds which', async () => {
  const name = `diff-${run}`
  const lines = Array.from({ length: 30 }, (_, index) => `Rule ${index + 1} holds.`)
  await create(name, {
    text: lines.join('\n'),
    model: 'gpt-4o',
    labels: ['production'],
  })
  lines[19] = 'Rule twenty holds always.'
  await add(name, {
    text: lines.join('\n'),
    model: 'gpt-4o-mini',
    tools: [{ name: 'find_order' }],
    variables: [{ name: 'tone', default: 'dry' }],
  })
  await withPage(path(name, 'diff'), {}, async (page) => {
    const text = page.getByRole('region', { name: 'Text', exact: true })
    await text.locator('del', { hasText: '20' }).waitFor()
    await text.locator('ins', { hasText: 'twenty' }).waitFor()
    await text.locator('ins', { hasText: 'always' }).waitFor()
    assert.equal(await text.locator('tr', { hasText: 'Rule 18 holds.' }).locator('td').count(), 4)
    assert.equal(await text.getByText('Rule 3 holds.').count(), 0, 'what is the same is left out')
    const settings = page.getByRole('table', { name: 'Settings that differ' })
    assert.deepEqual(await settings.getByRole('row', { name: 'Model' }).getByRole('cell').allInnerTexts(), [
      'gpt-4o',
      'gpt-4o-mini',
    ])
    assert.match(await settings.getByRole('row', { name: 'Variable tone' }).innerText(), /not declared\s+string, default "dry"/)
    await page.getByRole('region', { name: 'Tools' }).getByText('find_order').waitFor()
    await page.screenshot({ path: join(shots, 'prompt-diff-light.png') })

    await page.getByRole('button', { name: 'The other way round' }).click()
    await text.locator('ins', { hasText: '20' }).waitFor()
    assert.equal(here(page).searchParams.get('from'), '2')
    await page.getByText('In one text').click()
    await page.waitForURL(/view=one/)
    await page.reload()
    await text.locator('del', { hasText: 'twenty' }).waitFor()
    assert.equal(await text.locator('tr', { hasText: 'Rule 18 holds.' }).locator('td').count(), 2)

    // Its versions are not taken for a time.
    const pages = page.getByRole('navigation', { name: 'Pages of the prompt' })
    for (const tab of ['Performance', 'Compare']) {
      await pages.getByRole('link', { name: 'Diff' }).click()
      await page.getByRole('button', { name: 'The other way round' }).click()
      await page.waitForURL(/from=/)
      await pages.getByRole('link', { name: tab }).click()
      await page.getByText('No calls of this prompt in this time').waitFor()
      assert.equal(here(page).search, '')
    }
  })
})

test('performance is told by version and day by day, and a version leads to its calls and back', async () => {
  const name = `speed-${run}`
  await create(name, { text: 'One' })
  await add(name, { text: 'Two', labels: ['production'] })
  await deliver([
    ...calls(name, '1', {
      count: 200,
      days: 10,
      until: 10,
      accepted: 4,
      ms: 1000,
    }),
    ...calls(name, '2', { count: 240, days: 9, accepted: 8, ms: 2000 }),
  ])
  const told = await ask('GET', `${path(name, 'performance')}?period=30d&tz=Europe%2FBerlin`, undefined, 200)
  await withPage(path(name, 'performance'), {}, async (page) => {
    const table = page.getByRole('table', { name: 'Performance by version' })
    await table.waitFor()
    const heads = await table.getByRole('columnheader').allInnerTexts()
    for (const group of told.groups) {
      const version = group.key['prompt.version']
      const row = table
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: version }) })
        .first()
      const cells = await row.getByRole('cell').allInnerTexts()
      const cell = (head) => cells[heads.indexOf(head) - 1].replace(/\s+/g, ' ')
      assert.equal(cell('Calls'), String(group.figures.calls))
      assert.equal(cell('Success'), '100 %')
      assert.equal(cell('Accepted'), `${Math.round(group.feedback.acceptance_rate * 100)} % of ${group.figures.calls}`)
      assert.equal(cell('Duration p50'), seconds(group.duration_ms.p50))
      assert.equal(cell('Duration p95'), seconds(group.duration_ms.p95))
    }
    for (const untold of ['Quality', 'Cost per call', 'First token p50'])
      assert.equal(heads.includes(untold), false, 'what no call says has no column')
    assert.match(await table.getByRole('row', { name: /^All/ }).innerText(), /\+ 440 unpriced/)
    await page.getByRole('img', { name: /^Duration, p50, day by day/ }).waitFor()
    await page
      .getByRole('region', { name: 'Day by day' })
      .getByText(/version 2 first called then/)
      .first()
      .waitFor()
    await page.getByText('A dashed line: the version beside it was called for the first time.').waitFor()
    await page.getByRole('note').getByText('steno alerts set').first().waitFor()
    await page.screenshot({
      path: join(shots, 'prompt-performance-light.png'),
    })

    await page.getByRole('button', { name: 'Filter by model' }).click()
    await page.getByLabel('Model', { exact: true }).getByText('model-a').click()
    await page.waitForURL(/model\.requested=model-a/)
    await table.getByRole('cell', { name: '120', exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^Time range/ }).click()
    await page.getByRole('button', { name: 'Last 7 days' }).click()
    await page.waitForURL(/range=7d/)
    await table.getByRole('rowheader', { name: '1', exact: true }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Remove filter Model = model-a' }).click()
    await page.goBack()
    await page.goBack()
    await table.getByRole('rowheader', { name: '1', exact: true }).waitFor()

    await page.goto(`${steno.url}${path(name)}?version=1`)
    const version = page.getByRole('article', { name: 'Version 1' })
    await version.getByRole('link', { name: 'Calls' }).click()
    await page.getByRole('grid', { name: 'Calls' }).waitFor()
    assert.equal(here(page).searchParams.get('prompt.version'), '1')
    await page.getByRole('region', { name: 'Summary' }).getByText('200', { exact: true }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    const call = page.getByRole('complementary', { name: 'Call' })
    await call.getByRole('tab', { name: 'Details' }).click()
    await call.getByRole('link', { name: 'what it says' }).click()
    await version.waitFor()
    await version.getByText('Last call').waitFor()
  })
})

test('versions are compared, with intervals drawn and sentences in plain words', async () => {
  const name = `compare-${run}`
  await deliver([
    ...calls(name, '1', { count: 300, days: 10, accepted: 5, ms: 1000 }),
    ...calls(name, '2', { count: 310, days: 10, accepted: 8, ms: 1000 }),
    ...calls(name, '3', { count: 60, days: 10, accepted: 5, ms: 1000 }),
  ])
  const address = `${path(name, 'compare')}?versions=1,2`
  const told = await ask('GET', `${path(name, 'compare')}?period=30d&versions=1,2&tz=Europe%2FBerlin`, undefined, 200)
  // Not in the registry, which the page asks, too.
  await withPage(address, { awaited: /404/ }, async (page) => {
    const table = page.getByRole('table', {
      name: 'Version 2 compared with 1, by metric',
    })
    const row = table.getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^Accepted/ }) })
    await row.getByText('better').waitFor()
    const metric = told.comparisons[0].metrics.find((each) => each.metric === 'acceptance_rate')
    await row.getByText(metric.sentence, { exact: true }).waitFor()
    const [low, high] = metric.interval.map((end) => `${end > 0 ? '+' : ''}${(end * 100).toFixed(1)} points`)
    const chart = row.getByRole('img', {
      name: `95 % interval from ${low} to ${high}`,
    })
    const box = await chart.boundingBox()
    const bar = await chart.locator('span').nth(1).boundingBox()
    assert.ok(bar.x > box.x + box.width / 2, 'an interval above 0 is drawn on the side of more')
    await page.getByText(/^Nothing can be said of: .*Cost per call \(no call says it\)/).waitFor()
    await page.getByText('Not in the registry').waitFor()
    await page.screenshot({ path: join(shots, 'prompt-compare-light.png') })

    await page.getByLabel('with', { exact: true }).selectOption('3')
    await page.getByRole('table', { name: 'Version 2 compared with 3, by metric' }).waitFor()
    assert.equal(here(page).searchParams.get('versions'), '3,2')
    await page.getByLabel('Compare', { exact: true }).selectOption('')
    await page.getByRole('table', { name: 'Version 1 compared with 3, by metric' }).waitFor()
    await page.getByRole('table', { name: 'Version 2 compared with 3, by metric' }).waitFor()
  })
  await withPage(address, { scheme: 'dark', width: 400, height: 900, awaited: /404/ }, async (page) => {
    await page.getByText('better').first().waitFor()
    await fits(page)
    await page.screenshot({
      path: join(shots, 'prompt-compare-phone-dark.png'),
    })
  })
})

test('two hundred versions, long and odd names: nothing breaks, nothing runs out of the page', async () => {
  const name = `x/${'a-long-name-'.repeat(12)} 100% & <b>?#"'/质问-${run}`
  await create(name, {
    text: 'Version {{n}}',
    version: '1',
    tags: ['t'.repeat(60)],
    description: 'd'.repeat(400),
  })
  for (let version = 2; version <= 200; version++)
    await add(name, {
      text: `Version ${version} of {{n}}`,
      version: String(version),
    })
  await move(name, 'production', { version: '42' })
  for (const width of [1440, 400]) {
    await withPage('/prompts', { width, height: 800 }, async (page) => {
      await page.getByRole('link', { name }).waitFor()
      await fits(page)
      await page.screenshot({ path: join(shots, `prompts-${width}.png`) })
      await page.getByRole('link', { name }).click()
      await page.getByRole('article', { name: 'Version 42' }).waitFor()
      assert.equal(decodeURIComponent(here(page).pathname), `/prompts/${name}`)
      await fits(page)
      const versions = page.getByRole('navigation', { name: 'Versions' })
      await versions.getByRole('link', { name: /^42/ }).waitFor()
      assert.ok((await versions.getByRole('link').count()) < 60, 'only what is in sight is in the document')
      await page.screenshot({ path: join(shots, `prompt-${width}.png`) })
      for (const tab of ['Labels', 'Diff', 'Performance', 'Compare']) {
        await page.getByRole('navigation', { name: 'Pages of the prompt' }).getByRole('link', { name: tab }).click()
        await page.waitForURL(new RegExp(`/${tab.toLowerCase()}`))
        await fits(page)
      }
      await page.getByText('No calls of this prompt in this time').waitFor()
    })
  }
})

test('without a server the page says so, and comes back by itself', async () => {
  const name = `away-${run}`
  await create(name, { text: 'I am {{here}}' })
  await withPage('/limits', { awaited: /ERR_FAILED/ }, async (page) => {
    await page.getByText('Limits', { exact: true }).first().waitFor()
    await page.route('**/api/v1/prompts**', (route) => route.abort())
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Prompts' }).click()
    await page.getByText('Steno does not answer').waitFor()
    await page.unroute('**/api/v1/prompts**')
    await page.getByRole('link', { name }).waitFor()
  })
})

/** As the page writes a duration between a second and a minute, or below one. */
function seconds(millis) {
  return millis < 999.5 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(2)} s`
}
