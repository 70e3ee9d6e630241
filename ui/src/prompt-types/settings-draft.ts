import type { TypeChange, TypeSettings } from '../api/prompt-type-queries'
import { formatCount } from '../format/number'
import { percentOf } from './settings-words'

/** Settings as a form has them. In a form of many types '' is "leave it as it is". */
export interface SettingsDraft {
  full_data: '' | 'default' | 'on' | 'off'
  active: '' | 'on' | 'off'
  /** Percent. */
  sample: string
  /** Bytes; "none": all of them. */
  text_limit: string
  retention: string
  description: string
  masking: '' | TypeSettings['masking']
  log_level: '' | TypeSettings['log_level']
  over_budget: '' | 'on' | 'off'
  /** Percent; "none": never. */
  failure_rate: string
  window_minutes: string
  least_calls: string
  switches: '' | TypeSettings['disable_switches']
}

/** Nothing is to be changed. */
export const untouched: SettingsDraft = {
  full_data: '',
  active: '',
  sample: '',
  text_limit: '',
  retention: '',
  description: '',
  masking: '',
  log_level: '',
  over_budget: '',
  failure_rate: '',
  window_minutes: '',
  least_calls: '',
  switches: '',
}

export function draftOf(settings: TypeSettings): SettingsDraft {
  return {
    full_data: settings.track_full_data === null ? 'default' : settings.track_full_data ? 'on' : 'off',
    active: settings.is_active ? 'on' : 'off',
    sample: String(percentOf(settings.sample_rate)),
    text_limit: settings.text_limit === null ? '' : String(settings.text_limit),
    retention: settings.retention ?? '',
    description: settings.description ?? '',
    masking: settings.masking,
    log_level: settings.log_level,
    over_budget: settings.disable_over_budget ? 'on' : 'off',
    failure_rate:
      settings.disable_failure_rate === null ? '' : String(percentOf(settings.disable_failure_rate)),
    window_minutes: String(settings.disable_window_minutes),
    least_calls: String(settings.disable_least_calls),
    switches: settings.disable_switches,
  }
}

export interface ReadDraft {
  /** What is other than before. */
  change: TypeChange
  /** By field: what it takes. */
  wrong: Partial<Record<keyof SettingsDraft, string>>
}

/** `before`: null for several types, of which only what is given is changed; "none" takes a limit or class away. */
export function readDraft(draft: SettingsDraft, before: TypeSettings | null): ReadDraft {
  const change: TypeChange = {}
  const wrong: ReadDraft['wrong'] = {}
  const set = <K extends keyof TypeSettings>(name: K, value: TypeSettings[K]) => {
    if (before === null || before[name] !== value) change[name] = value
  }
  if (draft.full_data) set('track_full_data', draft.full_data === 'default' ? null : draft.full_data === 'on')
  if (draft.active) set('is_active', draft.active === 'on')

  const sample = draft.sample.trim()
  const sampleRate = rateOf(sample)
  if (sampleRate !== null) set('sample_rate', sampleRate)
  else if (sample !== '' || before !== null) wrong.sample = aPercentage

  const limit = draft.text_limit.trim()
  if (limit === 'none' || (limit === '' && before !== null)) set('text_limit', null)
  else if (/^[1-9]\d*$/.test(limit) && Number.isSafeInteger(Number(limit))) set('text_limit', Number(limit))
  else if (limit !== '') wrong.text_limit = 'a number of bytes from 1 on, or none'

  for (const name of ['retention', 'description'] as const) {
    const text = draft[name].trim()
    const taken = text === 'none' || (text === '' && before !== null)
    if (taken || text !== '') set(name, taken ? null : text)
  }

  if (draft.masking) set('masking', draft.masking)
  if (draft.log_level) set('log_level', draft.log_level)
  if (draft.over_budget) set('disable_over_budget', draft.over_budget === 'on')
  if (draft.switches) set('disable_switches', draft.switches)
  const failures = draft.failure_rate.trim()
  const failureRate = rateOf(failures)
  if (failures === 'none' || (failures === '' && before !== null)) set('disable_failure_rate', null)
  else if (failureRate !== null) set('disable_failure_rate', failureRate)
  else if (failures !== '') wrong.failure_rate = `${aPercentage}, or none`
  for (const [field, name, most] of [
    ['window_minutes', 'disable_window_minutes', 7 * 24 * 60],
    ['least_calls', 'disable_least_calls', 1_000_000],
  ] as const) {
    const text = draft[field].trim()
    if (/^[1-9]\d*$/.test(text) && Number(text) <= most) set(name, Number(text))
    else if (text !== '' || before !== null) wrong[field] = `a number from 1 to ${formatCount(most)}`
  }
  return { change, wrong }
}

const aPercentage = 'a number from 0 to 100'

/** "12.5 %" is 0.125; null: it is no share. */
function rateOf(text: string): number | null {
  const digits = text.replace(/\s*%$/, '')
  const percent = Number(digits)
  return digits !== '' && percent >= 0 && percent <= 100 ? Number((percent / 100).toPrecision(12)) : null
}
