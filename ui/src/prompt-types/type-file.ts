import type { PromptType } from '../api/prompt-type-queries'

type Cell = string | number | boolean | null

/** The columns of “steno prompt-types export”. Money of several currencies is in `costs` alone. */
const columns: [name: string, cell: (type: PromptType) => Cell][] = [
  ['type', ({ type }) => type],
  ['description', ({ settings }) => settings.description],
  ['track_full_data', ({ settings }) => settings.track_full_data],
  ['tracks_full_data', ({ tracks_full_data }) => tracks_full_data],
  ['is_active', ({ settings }) => settings.is_active],
  ['sample_rate', ({ settings }) => settings.sample_rate],
  ['text_limit', ({ settings }) => settings.text_limit],
  ['retention', ({ settings }) => settings.retention],
  ['masking', ({ settings }) => settings.masking],
  ['log_level', ({ settings }) => settings.log_level],
  ['disable_over_budget', ({ settings }) => settings.disable_over_budget],
  ['disable_failure_rate', ({ settings }) => settings.disable_failure_rate],
  ['disable_window_minutes', ({ settings }) => settings.disable_window_minutes],
  ['disable_least_calls', ({ settings }) => settings.disable_least_calls],
  ['disable_switches', ({ settings }) => settings.disable_switches],
  ['calls', ({ totals }) => totals.calls],
  ['failures', ({ totals }) => totals.failures],
  ['failure_rate', ({ totals }) => totals.failure_rate],
  ['cost', (type) => onlyCost(type)?.total ?? null],
  ['currency', (type) => onlyCost(type)?.currency ?? null],
  ['average_cost', (type) => onlyCost(type)?.average ?? null],
  ['costs', ({ totals }) => JSON.stringify(totals.cost)],
  ['unpriced_calls', ({ totals }) => totals.unpriced_calls],
  ['removed_calls', ({ totals }) => totals.removed_calls],
  ['first_called_at', ({ totals }) => totals.first_called_at],
  ['last_called_at', ({ totals }) => totals.last_called_at],
  ['created_at', ({ created_at }) => created_at],
  ['changed_at', ({ changed_at }) => changed_at],
  ['changed_by', ({ changed_by }) => changed_by],
]

/** What somebody wrote, and a spreadsheet could take for a formula. */
const written = new Set(['type', 'description', 'retention', 'changed_by'])

/** CSV (RFC 4180) with a head, as the command line writes it. */
export function typeFile(types: PromptType[]): string {
  const lines = [columns.map(([name]) => name)]
  for (const type of types)
    lines.push(columns.map(([name, cell]) => quoted(harmless(sayCell(cell(type)), written.has(name)))))
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

function onlyCost({ totals }: PromptType) {
  return totals.cost.length === 1 ? totals.cost[0] : undefined
}

function sayCell(cell: Cell): string {
  return cell === null ? '' : String(cell)
}

/** A ' before what a spreadsheet would take for a formula; and before such a ', so that the first is always ours. */
function harmless(text: string, anybody: boolean): string {
  return anybody && /^[=+\-@\t\r\n'＝＋－＠]/.test(text) ? `'${text}` : text
}

function quoted(text: string): string {
  return /[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
