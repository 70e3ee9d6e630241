import { Autocomplete, Button, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import type { Problem } from '../api/problem'
import { useModels } from '../state/use-models'
import { DraftPreview } from './DraftPreview'
import { TemplateEditor, MessageEditors } from './TemplateEditor'
import { VariableFields } from './VariableFields'
import { placeOf, readVersion, type ReadVersion, type VersionDraft } from './version-draft'
import classes from './VersionForm.module.css'

interface Props {
  /** What the form begins with. */
  start: VersionDraft
  /** Above the text: what the version is of. */
  children?: ReactNode
  submit: string
  busy: boolean
  /** What the server said to what was sent last. */
  problem: Problem | null
  onSubmit: (read: ReadVersion) => void
  /** It is kept: leaving loses nothing. */
  done: boolean
}

/** A version to be made, beside what comes out of it. */
export function VersionForm({ start, children, submit, busy, problem, onSubmit, done }: Props) {
  const [draft, setDraft] = useState(start)
  const [checked, setChecked] = useState<Problem | null>(null)
  const models = useModels()
  const set = (part: Partial<VersionDraft>) => setDraft({ ...draft, ...part })
  const read = readVersion(draft)
  const { wrong } = read
  const empty = draft.kind === 'text' ? draft.text === '' : draft.messages.length === 0
  const ready = !empty && Object.keys(wrong).length === 0 && !checked
  const dirty = draft !== start && !done
  useBlocker({
    shouldBlockFn: () =>
      dirty && !window.confirm('What is written here is not kept yet. Leave all the same?'),
    enableBeforeUnload: () => dirty,
  })
  const said = checked ?? problem
  const place = said ? placeOf(said.detail) : null
  const small = (name: 'temperature' | 'top_p' | 'top_k' | 'token_limit', label: string) => (
    <TextInput
      size="xs"
      label={label}
      inputMode="decimal"
      value={draft[name]}
      error={wrong[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  )
  const json = (name: 'parameters' | 'tools' | 'response_schema', label: string, example: string) => (
    <Textarea
      size="xs"
      label={label}
      placeholder={example}
      autosize
      minRows={2}
      maxRows={16}
      spellCheck={false}
      classNames={{ input: classes.code }}
      value={draft[name]}
      error={wrong[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  )
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (ready && !busy) onSubmit(read)
      }}
    >
      <div className={classes.fields}>
        {children}
        <SegmentedControl
          size="xs"
          aria-label="Text or messages"
          className={classes.kind}
          value={draft.kind}
          onChange={(kind) => set(withKind(draft, kind as VersionDraft['kind']))}
          data={[
            { value: 'text', label: 'Text' },
            { value: 'messages', label: 'Chat messages' },
          ]}
        />
        {draft.kind === 'text' ? (
          <TemplateEditor
            label="Text"
            value={draft.text}
            onChange={(text) => set({ text })}
            place={place?.message === null ? place : null}
            error={place?.message === null ? said?.detail : undefined}
          />
        ) : (
          <MessageEditors
            messages={draft.messages}
            onChange={(messages) => set({ messages })}
            place={place}
            error={said?.detail}
          />
        )}
        <div className={classes.wide}>
          <TextInput
            size="xs"
            label="Goal"
            placeholder="what it is for"
            value={draft.goal}
            onChange={(event) => set({ goal: event.currentTarget.value })}
          />
          <Autocomplete
            size="xs"
            label="Model"
            data={models}
            limit={12}
            value={draft.model}
            onChange={(model) => set({ model })}
          />
        </div>
        <div className={classes.numbers}>
          {small('temperature', 'Temperature')}
          {small('token_limit', 'Token limit')}
          {small('top_p', 'Top-p')}
          {small('top_k', 'Top-k')}
        </div>
        <VariableFields
          variables={draft.variables}
          onChange={(variables) => set({ variables })}
          wrong={wrong}
        />
        <details open={Boolean(draft.parameters || draft.tools || draft.response_schema)}>
          <summary>Parameters, tools and response schema</summary>
          <div className={classes.more}>
            {json('parameters', 'Other parameters of the model', '{"stop": ["END"]}')}
            {json('tools', 'Tools', '[{"name": "find_order", "description": "…"}]')}
            {json('response_schema', 'Response schema', '{"type": "object"}')}
          </div>
        </details>
        <hr />
        <div className={classes.numbers}>
          <TextInput
            size="xs"
            label="Version"
            placeholder="the next one"
            value={draft.version}
            onChange={(event) => set({ version: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            label="Labels on it"
            placeholder="staging, …"
            value={draft.labels}
            onChange={(event) => set({ labels: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            label="Your name"
            value={draft.author}
            onChange={(event) => set({ author: event.currentTarget.value })}
          />
        </div>
        <TextInput
          size="xs"
          label="Notes"
          placeholder="what is new, and why"
          value={draft.notes}
          onChange={(event) => set({ notes: event.currentTarget.value })}
        />
        {problem && (
          <p role="alert" className={classes.problem}>
            {problem.detail || problem.title}
            {problem.remedy && <> ({problem.remedy})</>}
          </p>
        )}
        <div>
          <Button size="xs" type="submit" disabled={!ready} loading={busy}>
            {submit}
          </Button>
        </div>
      </div>
      <DraftPreview read={read} declared={draft.variables} empty={empty} onProblem={setChecked} />
    </form>
  )
}

/** A text becomes a message of the user, and messages a text with all of them. */
function withKind(draft: VersionDraft, kind: VersionDraft['kind']): Partial<VersionDraft> {
  if (kind === draft.kind) return {}
  if (kind === 'messages')
    return {
      kind,
      messages: draft.messages.length > 0 ? draft.messages : [{ role: 'user', content: draft.text }],
    }
  return { kind, text: draft.text || draft.messages.map(({ content }) => content).join('\n\n') }
}
