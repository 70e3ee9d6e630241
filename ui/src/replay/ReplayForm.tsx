import { ActionIcon, Autocomplete, Button, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { rawQuery } from '../api/queries'
import type { Call, JsonObject } from '../api/types'
import { MessageView } from '../call/MessageView'
import { indentJson } from '../format/json'
import { plural } from '../format/number'
import { useModels } from '../state/use-models'
import { changeOf, draftOf, earlierMessages, isEmpty, type ReplayChange, type ReplayDraft } from './draft'
import classes from './ReplayPanel.module.css'

interface Props {
  call: Call
  draft: ReplayDraft
  onDraft: (draft: ReplayDraft) => void
  busy: boolean
  onSend: (change: ReplayChange) => void
}

/** The recorded request, filled in and to be changed: field by field, or as the JSON that is sent. */
export function ReplayForm({ call, draft, onDraft, busy, onSend }: Props) {
  const [view, setView] = useState<'fields' | 'json'>('fields')
  const [json, setJson] = useState('')
  const raw = useQuery({ ...rawQuery(call.id, 'request'), enabled: view === 'json' })
  const recorded = raw.data ? indentJson(raw.data) : ''
  const text = json || recorded
  const parsed = view === 'json' && text ? parseObject(text) : null
  const change: ReplayChange =
    view === 'fields' ? changeOf(call, draft) : parsed && text !== recorded ? { request: parsed } : {}
  const sendable = view === 'fields' || parsed !== null
  const reset = () => {
    setJson('')
    onDraft(draftOf(call))
  }
  return (
    <form
      className={classes.form}
      aria-label="Replay"
      onSubmit={(event) => {
        event.preventDefault()
        if (sendable && !busy) onSend(change)
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.target instanceof HTMLButtonElement) return
        // A call costs money: Enter in a field sends nothing, Ctrl+Enter does.
        if (event.ctrlKey || event.metaKey) event.currentTarget.requestSubmit()
        else if (event.target instanceof HTMLInputElement) event.preventDefault()
      }}
    >
      <SegmentedControl
        size="xs"
        aria-label="How to change the request"
        value={view}
        onChange={(value) => setView(value as typeof view)}
        data={[
          { value: 'fields', label: 'Fields' },
          { value: 'json', label: 'Request as JSON' },
        ]}
      />
      {view === 'fields' ? (
        <Fields call={call} draft={draft} onDraft={onDraft} />
      ) : (
        <Textarea
          size="xs"
          className={classes.json}
          aria-label="Request as JSON"
          rows={22}
          spellCheck={false}
          value={text}
          error={text && parsed === null ? 'This is no JSON object.' : undefined}
          onChange={(event) => setJson(event.currentTarget.value)}
        />
      )}
      <div className={classes.actions}>
        <Button size="xs" type="submit" loading={busy} disabled={!sendable}>
          {isEmpty(change) ? 'Send again unchanged' : 'Send replay'}
        </Button>
        {!isEmpty(change) && (
          <Button size="xs" variant="subtle" color="gray" disabled={busy} onClick={reset}>
            As recorded
          </Button>
        )}
      </div>
      <p className={classes.note}>
        {busy
          ? 'Waiting for the whole answer: a replay does not stream.'
          : `This makes a call to ${call.provider?.name ?? 'the provider'} with the server’s own key, and records it as a replay.`}
      </p>
    </form>
  )
}

function Fields({ call, draft, onDraft }: Pick<Props, 'call' | 'draft' | 'onDraft'>) {
  const models = useModels(call.provider?.name)
  const [withSystem, setWithSystem] = useState(draft.system !== '')
  const earlier = earlierMessages(call)
  const set = (part: Partial<ReplayDraft>) => onDraft({ ...draft, ...part })
  return (
    <>
      <Autocomplete
        size="xs"
        label="Model"
        data={models}
        limit={12}
        value={draft.model}
        onChange={(model) => set({ model })}
      />
      {withSystem || draft.system !== '' ? (
        <Words label="System text" rows={3} value={draft.system} onChange={(system) => set({ system })} />
      ) : (
        <AddButton onClick={() => setWithSystem(true)}>System text</AddButton>
      )}
      {earlier.length > 0 && (
        <details className={classes.earlier}>
          <summary className="dim">{plural(earlier.length, 'further message')}, sent as recorded</summary>
          {earlier.map((message, index) => (
            <div key={index}>
              <MessageView message={message} />
            </div>
          ))}
        </details>
      )}
      <Words label="Prompt" rows={6} value={draft.prompt} onChange={(prompt) => set({ prompt })} />
      <fieldset className={classes.parameters}>
        <legend className={classes.legend}>Parameters</legend>
        {draft.parameters.map((parameter, index) => (
          <Parameter
            key={index}
            {...parameter}
            onChange={(next) =>
              set({ parameters: draft.parameters.map((each, at) => (at === index ? next : each)) })
            }
            onRemove={() => set({ parameters: draft.parameters.filter((_, at) => at !== index) })}
          />
        ))}
        <AddButton onClick={() => set({ parameters: [...draft.parameters, { name: '', value: '' }] })}>
          Parameter
        </AddButton>
      </fieldset>
    </>
  )
}

function Words(props: { label: string; rows: number; value: string; onChange: (text: string) => void }) {
  return (
    <Textarea
      size="xs"
      label={props.label}
      rows={props.rows}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
      styles={{ input: { resize: 'vertical' } }}
    />
  )
}

interface ParameterProps {
  name: string
  value: string
  onChange: (parameter: { name: string; value: string }) => void
  onRemove: () => void
}

function Parameter({ name, value, onChange, onRemove }: ParameterProps) {
  return (
    <div className={classes.parameter}>
      <TextInput
        size="xs"
        aria-label="Parameter"
        placeholder="temperature"
        value={name}
        onChange={(event) => onChange({ name: event.currentTarget.value, value })}
      />
      <TextInput
        size="xs"
        aria-label={`Value of ${name || 'the parameter'}`}
        placeholder="0.2"
        value={value}
        onChange={(event) => onChange({ name, value: event.currentTarget.value })}
      />
      <ActionIcon size="sm" aria-label={`Remove ${name || 'the parameter'}`} onClick={onRemove}>
        <IconX size={14} />
      </ActionIcon>
    </div>
  )
}

function AddButton({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <div>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        leftSection={<IconPlus size={13} />}
        onClick={onClick}
      >
        {children}
      </Button>
    </div>
  )
}

function parseObject(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as unknown
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}
