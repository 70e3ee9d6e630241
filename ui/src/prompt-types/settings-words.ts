import type { SettingsChange, TypeSettings } from '../api/prompt-type-queries'
import { formatCount } from '../format/number'

export type SettingName = keyof TypeSettings

/** In the order in which they are asked for. */
export const settingNames: Record<SettingName, string> = {
  track_full_data: 'Full data',
  is_active: 'Active',
  sample_rate: 'Sampling',
  text_limit: 'Text limit',
  retention: 'Retention',
  description: 'Description',
  masking: 'Masking',
  log_level: 'Log level',
  disable_over_budget: 'Off over its budget',
  disable_failure_rate: 'Off when more fail than',
  disable_window_minutes: 'Failures within minutes',
  disable_least_calls: 'Of calls at least',
  disable_switches: 'What goes off',
}

/** Where nothing was ever set. */
export const defaultSettings: TypeSettings = {
  description: null,
  track_full_data: null,
  is_active: true,
  sample_rate: 1,
  text_limit: null,
  retention: null,
  masking: 'credentials',
  log_level: 'off',
  disable_over_budget: false,
  disable_failure_rate: null,
  disable_window_minutes: 60,
  disable_least_calls: 20,
  disable_switches: 'is_active',
}

export function saySetting(name: SettingName, settings: TypeSettings): string {
  switch (name) {
    case 'track_full_data':
      return settings.track_full_data === null ? 'default' : settings.track_full_data ? 'on' : 'off'
    case 'is_active':
      return settings.is_active ? 'on' : 'off'
    case 'sample_rate':
      return sayRate(settings.sample_rate)
    case 'text_limit':
      return settings.text_limit === null ? 'none' : `${formatCount(settings.text_limit)} bytes`
    case 'disable_failure_rate':
      return settings.disable_failure_rate === null ? 'never' : sayRate(settings.disable_failure_rate)
    default:
      return String(settings[name] ?? 'none')
  }
}

/** "10 %", "0.05 %": as it was set, and not rounded. */
export function sayRate(rate: number): string {
  return `${percentOf(rate)} %`
}

/** Without what the binary number adds behind the last digit. */
export function percentOf(rate: number): number {
  return Number((rate * 100).toPrecision(12))
}

/** What one change made another, setting by setting. */
export function whatChanged({ before, after }: Pick<SettingsChange, 'before' | 'after'>) {
  const was = before ?? defaultSettings
  const is = after ?? defaultSettings
  return (Object.keys(settingNames) as SettingName[])
    .filter((name) => was[name] !== undefined && is[name] !== undefined && was[name] !== is[name])
    .map((name) => ({ name: settingNames[name], before: saySetting(name, was), after: saySetting(name, is) }))
}
