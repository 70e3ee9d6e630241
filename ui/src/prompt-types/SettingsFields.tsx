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
  /** Those whose scope names the type; undefined: not known here. */
  budgets?: string[]
}

/** The settings of a prompt type, to be changed. */
export function SettingsFields({ draft, onChange, wrong, several, defaultTracks, budgets }: Props) {
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
      <NativeSelect
        size="xs"
        label="Masking"
        description="before anything is on disk, in prompts and answers; names and streets have no form, and stay"
        value={draft.masking}
        onChange={(event) => onChange({ masking: event.currentTarget.value as SettingsDraft['masking'] })}
        data={[
          ...leave,
          { value: 'credentials', label: 'keys and passwords, as everywhere' },
          { value: 'strict', label: 'strict: e-mail, phone, card, IBAN and IP, too' },
        ]}
      />
      <NativeSelect
        size="xs"
        label="In the server’s log"
        description="one line a call, when it is over; what is not kept is not logged, and what is masked is logged so"
        value={draft.log_level}
        onChange={(event) => onChange({ log_level: event.currentTarget.value as SettingsDraft['log_level'] })}
        data={[
          ...leave,
          { value: 'off', label: 'nothing' },
          { value: 'metrics-only', label: 'status, model, time, tokens and cost' },
          { value: 'summary', label: 'and the beginnings of prompt and answer' },
          { value: 'detailed', label: 'and prompt and answer, up to 16 KB each' },
        ]}
      />
      <fieldset className={classes.group}>
        <legend>It is switched off by itself</legend>
        <p className="dim">
          Its record, not its calls: they go on and are counted. People alone switch it on again.
        </p>
        <NativeSelect
          size="xs"
          label="Over its budget"
          description={
            budgets === undefined
              ? 'once a budget whose scope names it is used up'
              : budgets.length > 0
                ? `once ${budgets.join(' or ')} is used up`
                : 'no budget names it yet: steno budgets set … --prompt-type'
          }
          value={draft.over_budget}
          onChange={(event) =>
            onChange({ over_budget: event.currentTarget.value as SettingsDraft['over_budget'] })
          }
          data={[...leave, { value: 'off', label: 'goes on' }, { value: 'on', label: 'goes off' }]}
        />
        <TextInput
          size="xs"
          label="When more of its calls fail than"
          rightSection="%"
          inputMode="decimal"
          placeholder={asIs ?? 'never'}
          value={draft.failure_rate}
          error={wrong.failure_rate}
          onChange={(event) => onChange({ failure_rate: event.currentTarget.value })}
        />
        <div className={classes.pair}>
          <TextInput
            size="xs"
            label="Of the last"
            rightSection="minutes"
            rightSectionWidth={56}
            inputMode="numeric"
            placeholder={asIs}
            value={draft.window_minutes}
            error={wrong.window_minutes}
            onChange={(event) => onChange({ window_minutes: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            label="If they are at least"
            rightSection="calls"
            rightSectionWidth={44}
            inputMode="numeric"
            placeholder={asIs}
            value={draft.least_calls}
            error={wrong.least_calls}
            onChange={(event) => onChange({ least_calls: event.currentTarget.value })}
          />
        </div>
        <NativeSelect
          size="xs"
          label="What goes off"
          value={draft.switches}
          onChange={(event) => onChange({ switches: event.currentTarget.value as SettingsDraft['switches'] })}
          data={[
            ...leave,
            { value: 'is_active', label: 'all but figures: it is not active' },
            { value: 'track_full_data', label: 'prompts and answers, but of the latest call' },
          ]}
        />
      </fieldset>
    </div>
  )
}
