import type { TypeChange, TypeSettings } from '../api/prompt-type-queries'
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
}

/** Nothing is to be changed. */
export const untouched: SettingsDraft = {
  full_data: '',
  active: '',
  sample: '',
  text_limit: '',
  retention: '',
  description: '',
}

export function draftOf(settings: TypeSettings): SettingsDraft {
  return {
    full_data: settings.track_full_data === null ? 'default' : settings.track_full_data ? 'on' : 'off',
    active: settings.is_active ? 'on' : 'off',
    sample: String(percentOf(settings.sample_rate)),
    text_limit: settings.text_limit === null ? '' : String(settings.text_limit),
    retention: settings.retention ?? '',
    description: settings.description ?? '',
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

  const sample = draft.sample.trim().replace(/\s*%$/, '')
  if (sample !== '') {
    const percent = Number(sample)
    if (percent >= 0 && percent <= 100) set('sample_rate', Number((percent / 100).toPrecision(12)))
    else wrong.sample = 'a number from 0 to 100'
  } else if (before !== null) {
    wrong.sample = 'a number from 0 to 100'
  }

  const limit = draft.text_limit.trim()
  if (limit === 'none' || (limit === '' && before !== null)) set('text_limit', null)
  else if (/^[1-9]\d*$/.test(limit) && Number.isSafeInteger(Number(limit))) set('text_limit', Number(limit))
  else if (limit !== '') wrong.text_limit = 'a number of bytes from 1 on, or none'

  for (const name of ['retention', 'description'] as const) {
    const text = draft[name].trim()
    const taken = text === 'none' || (text === '' && before !== null)
    if (taken || text !== '') set(name, taken ? null : text)
  }
  return { change, wrong }
}
