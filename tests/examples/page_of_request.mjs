// node page_of_request.mjs URL REQUEST: what a real Chromium shows of a request, as JSON: {rows: [[level, text]], sins}.
import { launchBrowser, openPage } from '../ui/browser.mjs'

const [url, request] = process.argv.slice(2)
const browser = await launchBrowser()
try {
  const { page, sins } = await openPage(browser, url)
  await page.goto(`${url}/requests/${request}`)
  const rows = page.getByRole('treegrid').locator('[aria-level]')
  await rows.first().waitFor()
  const shown = await rows.evaluateAll((all) => all.map((each) => [each.getAttribute('aria-level'), each.innerText]))
  console.log(JSON.stringify({ rows: shown, sins }))
} finally {
  await browser.close()
}
