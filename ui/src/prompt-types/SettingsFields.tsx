import { NativeSelect, TextInput, Textarea } from '@mantine/core'
import type { ReadDraft, SettingsDraft } from './settings-draft'
import classes from './SettingsFields.module.css'

interface Props {
  draft: SettingsDraft
  onChange: (change: Partial<SettingsDraft>) => void
  wrong: ReadDraft['wrong']
  /** Several types are changed: a field that is left alone stays as it is. */
  several: boolean
  /** Whether texts are kept where nothing is set; undefined: not known here. */
  defaultTracks?: boolean
}

/** The settings of a prompt type, to be changed. */
export function SettingsFields({ draft, onChange, wrong, several, defaultTracks }: Props) {
  const leave = several ? [{ value: '', label: 'leave as it is' }] : []
  const asIs = several ? 'leave as it is' : undefined
  const byDefault =
    defaultTracks === undefined ? '' : defaultTracks ? ' (they are kept)' : ' (of the latest call alone)'
  return (
    <div className={classes.fields}>
      {!several && (
        <Textarea
          size="xs"
          label="Description"
          autosize
          minRows={1}
          maxRows={5}
          value={draft.description}
          onChange={(event) => onChange({ description: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        size="xs"
        label="Prompts and answers"
        value={draft.full_data}
        onChange={(event) => onChange({ full_data: event.currentTarget.value as SettingsDraft['full_data'] })}
        data={[
          ...leave,
          { value: 'on', label: 'are kept' },
          { value: 'off', label: 'are kept of the latest call alone' },
          { value: 'default', label: `as the default says${byDefault}` },
        ]}
      />
      <NativeSelect
        size="xs"
        label="Its calls"
        value={draft.active}
        onChange={(event) => onChange({ active: event.currentTarget.value as SettingsDraft['active'] })}
        data={[
          ...leave,
          { value: 'on', label: 'are listed: it is active' },
          { value: 'off', label: 'are counted, and in no list: it is not active' },
        ]}
      />
      <div className={classes.pair}>
        <TextInput
          size="xs"
          label="Texts are kept of"
          rightSection="%"
          inputMode="decimal"
          placeholder={asIs}
          value={draft.sample}
          error={wrong.sample}
          onChange={(event) => onChange({ sample: event.currentTarget.value })}
        />
        <TextInput
          size="xs"
          label="Texts are cut to"
          rightSection="bytes"
          rightSectionWidth={44}
          inputMode="numeric"
          placeholder={asIs ?? 'no limit'}
          value={draft.text_limit}
          error={wrong.text_limit}
          onChange={(event) => onChange({ text_limit: event.currentTarget.value })}
        />
      </div>
      <TextInput
        size="xs"
        label="Retention class"
        description="of calls that name none; retention.classes in the configuration says what it means"
        placeholder={asIs ?? 'none'}
        value={draft.retention}
        onChange={(event) => onChange({ retention: event.currentTarget.value })}
      />
    </div>
  )
}
