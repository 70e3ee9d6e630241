import { Autocomplete, Button, Checkbox, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import {
  labelQuery,
  moveLabel,
  promptKey,
  promptQuery,
  removeLabel,
  rollBackLabel,
} from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import { Refusal } from '../components/Refusal'
import { LabelChip } from './LabelChip'
import classes from '../components/Dialog.module.css'
import { FormDialog } from '../components/FormDialog'
import { keepAuthorName, readAuthorName } from '../state/author'
import { VersionSelect } from './VersionSelect'

/** What is to be done; what is not given here, the dialog asks for. */
export type LabelChange =
  { kind: 'move'; label?: string; version?: string } | { kind: 'rollback' | 'remove'; label: string }

interface Props {
  prompt: RegisteredPrompt
  change: LabelChange
  onClose: () => void
}

/**
 * Moves a label, takes it one step back or away, on one condition: that the prompt is as the reader sees it here. Who was
 * faster wins; the reader is told, sees how it stands now, and may ask again.
 */
export function LabelDialog({ prompt, change, onClose }: Props) {
  const { name } = prompt
  // Not what the page fetches meanwhile: what is confirmed is what was looked at.
  const [seen, setSeen] = useState(prompt)
  const [conflict, setConflict] = useState('')
  const [label, setLabel] = useState(change.label ?? '')
  const [version, setVersion] = useState(
    change.kind === 'move' ? (change.version ?? usualVersion(prompt, change.label)) : '',
  )
  const [by, setBy] = useState(readAuthorName())
  const [reason, setReason] = useState('')
  const [force, setForce] = useState(false)
  const queries = useQueryClient()
  const back = useQuery({ ...labelQuery(name, label), enabled: change.kind === 'rollback' })

  const trimmed = label.trim()
  const standing = seen.labels.find((each) => each.label === trimmed)
  const from = standing?.version ?? null
  const to = change.kind === 'move' ? version : change.kind === 'remove' ? null : back.data?.history[0]?.from
  const locked = standing?.protected ?? false
  const words = {
    ...(by.trim() && { by: by.trim() }),
    ...(reason.trim() && { reason: reason.trim() }),
    ...(locked && force && { force: true }),
  }
  const mutation = useMutation({
    meta: { done: `“${trimmed}” of ${name} was ${change.kind === 'remove' ? 'taken away' : 'moved'}` },
    mutationFn: (force: boolean) =>
      change.kind === 'move'
        ? moveLabel(name, trimmed, { ...words, version }, seen.etag)
        : change.kind === 'rollback'
          ? rollBackLabel(name, trimmed, words, seen.etag)
          : removeLabel(name, trimmed, { by, reason }, seen.etag, force),
    onMutate: () => setConflict(''),
    onSuccess: (answer) => {
      keepAuthorName(by.trim())
      if (answer) queries.setQueryData(promptKey(name), answer)
      void queries.invalidateQueries({ queryKey: promptKey(name) })
      void queries.invalidateQueries({ queryKey: ['prompts'] })
      onClose()
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return
      try {
        const fresh = await queries.fetchQuery({ ...promptQuery(name), staleTime: 0 })
        if (change.kind === 'rollback') await back.refetch()
        setConflict(`${whatChanged(seen, fresh, trimmed)} Above is how it stands now.`)
        setSeen(fresh)
      } catch (cause) {
        setConflict(`How it stands now could not be asked: ${asProblem(cause).title}.`)
      }
    },
  })
  // Force would be for both: that others rest on it is to be told first.
  const kept = change.kind === 'remove' && locked
  const same = change.kind === 'move' && from !== null && from === to
  const ready = trimmed !== '' && to !== undefined && to !== '' && !same && !kept && (!locked || force)
  return (
    <FormDialog
      title={titles[change.kind](change.label)}
      onClose={onClose}
      onSubmit={() => {
        if (ready && !mutation.isPending) mutation.mutate(false)
      }}
    >
      {change.kind === 'move' && change.label === undefined && (
        <Autocomplete
          size="xs"
          label="Label"
          placeholder="production, staging, or one of your own"
          data-autofocus
          value={label}
          onChange={setLabel}
          data={[...new Set(['production', 'staging', ...seen.labels.map((each) => each.label)])]}
        />
      )}
      {change.kind === 'move' && change.version === undefined && (
        <VersionSelect
          label="To version"
          versions={seen.versions ?? []}
          value={version}
          onChange={setVersion}
        />
      )}
      {trimmed !== '' && to !== undefined && (
        <p className={classes.move} aria-label="What is done">
          <LabelChip label={trimmed} locked={locked} />
          <span>{from ?? 'nowhere'}</span>
          <span aria-label="to">→</span>
          <strong>{to ?? 'nowhere'}</strong>
          {from !== null && to !== null && from !== to && (
            <Link
              to="/prompts/$promptName/diff"
              params={{ promptName: name }}
              search={{ from, to }}
              target="_blank"
            >
              what differs
            </Link>
          )}
        </p>
      )}
      <p className="dim">
        {same ? 'It stands there already.' : kept ? keptWords : whatFollows(change.kind, trimmed, to)}
      </p>
      {locked && !kept && (
        <Checkbox
          size="xs"
          label={`“${trimmed}” is protected: move it all the same`}
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      )}
      <div className={classes.words}>
        <TextInput size="xs" label="Your name" value={by} onChange={(e) => setBy(e.currentTarget.value)} />
        <TextInput
          size="xs"
          label="Why"
          placeholder="kept in the label’s history"
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
        />
      </div>
      <Refusal
        error={mutation.error}
        undone={change.kind === 'remove' ? 'taken away' : 'moved'}
        conflict={conflict}
        force={
          change.kind === 'remove'
            ? {
                words: `Take ${label} away all the same`,
                busy: mutation.isPending,
                onForce: () => mutation.mutate(true),
              }
            : undefined
        }
      />
      <div className={classes.actions}>
        <Button size="xs" variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button size="xs" type="submit" disabled={!ready} loading={mutation.isPending}>
          {change.kind === 'move'
            ? `Move ${trimmed || 'the label'}`
            : change.kind === 'rollback'
              ? `Roll back to ${to ?? 'nowhere'}`
              : `Take ${label} away`}
        </Button>
      </div>
    </FormDialog>
  )
}

const titles: Record<LabelChange['kind'], (label: string | undefined) => string> = {
  move: (label) => `Move ${label ?? 'a label'}`,
  rollback: (label) => `Roll back ${label}`,
  remove: (label) => `Take ${label} away`,
}

const keptWords = 'It is protected: take its protection away first.'

/** What programs get then. */
function whatFollows(kind: LabelChange['kind'], label: string, to: string | null | undefined): string {
  if (label === '' || to === undefined) return ''
  if (to !== null) return `Programs that ask for “${label}” get version ${to} from their next request on.`
  const refused = `Programs that ask for “${label}” are refused from their next request on${
    label === 'production' ? '; those that name no label get the latest' : ''
  }.`
  return kind === 'rollback'
    ? `It stood nowhere before its last move. ${refused}`
    : `${refused} Its history stays, and it can be moved to a version again.`
}

/** The latest, unless the label stands there already: then none, for nobody knows where it is to go. */
function usualVersion({ latest, labels }: RegisteredPrompt, label: string | undefined): string {
  const at = labels.find((each) => each.label === label)?.version
  return latest && latest.version !== at ? latest.version : ''
}

function whatChanged(before: RegisteredPrompt, after: RegisteredPrompt, label: string): string {
  const where = (prompt: RegisteredPrompt) =>
    prompt.labels.find((each) => each.label === label)?.version ?? 'nowhere'
  if (where(before) !== where(after))
    return `“${label}” stood on ${where(before)}, and stands on ${where(after)}.`
  if (before.latest?.version !== after.latest?.version)
    return `There is a new version, ${after.latest?.version}.`
  return `The prompt changed; “${label}” stands where it stood.`
}
