import { Autocomplete, Button, Checkbox, Modal, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { labelQuery, moveLabel, promptKey, promptQuery, rollBackLabel } from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import { LabelChip } from './LabelChip'
import classes from '../components/Dialog.module.css'
import { keepAuthorName, readAuthorName } from '../state/author'
import { VersionSelect } from './VersionSelect'

/** What is to be done; what is not given here, the dialog asks for. */
export type LabelChange =
  { kind: 'move'; label?: string; version?: string } | { kind: 'rollback'; label: string }

interface Props {
  prompt: RegisteredPrompt
  change: LabelChange
  onClose: () => void
}

/**
 * Moves a label or takes it one step back, on one condition: that the prompt is as the reader sees it here. Who was
 * faster wins; the reader is told, sees how it stands now, and may ask again.
 */
export function LabelDialog({ prompt, change, onClose }: Props) {
  const { name } = prompt
  // Not what the page fetches meanwhile: what is confirmed is what was looked at.
  const [seen, setSeen] = useState(prompt)
  const [conflict, setConflict] = useState<string | null>(null)
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
  const to = change.kind === 'move' ? version : back.data?.history[0]?.from
  const locked = standing?.protected ?? false
  const words = {
    ...(by.trim() && { by: by.trim() }),
    ...(reason.trim() && { reason: reason.trim() }),
    ...(locked && force && { force: true }),
  }
  const mutation = useMutation({
    mutationFn: () =>
      change.kind === 'move'
        ? moveLabel(name, trimmed, { ...words, version }, seen.etag)
        : rollBackLabel(name, trimmed, words, seen.etag),
    onSuccess: (answer) => {
      keepAuthorName(by.trim())
      queries.setQueryData(promptKey(name), answer)
      void queries.invalidateQueries({ queryKey: promptKey(name) })
      void queries.invalidateQueries({ queryKey: ['prompts'] })
      onClose()
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return
      try {
        const fresh = await queries.fetchQuery({ ...promptQuery(name), staleTime: 0 })
        if (change.kind === 'rollback') await back.refetch()
        setConflict(`${whatChanged(seen, fresh, trimmed)} Below is how it stands now.`)
        setSeen(fresh)
      } catch (cause) {
        setConflict(`How it stands now could not be asked: ${asProblem(cause).title}.`)
      }
    },
  })
  const problem = mutation.error ? asProblem(mutation.error) : null
  const nowhere = change.kind === 'rollback' && to === null
  const same = change.kind === 'move' && from !== null && from === to
  const ready = trimmed !== '' && to !== undefined && to !== '' && !same && (!locked || force)
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      size="md"
      title={change.kind === 'move' ? `Move ${change.label ?? 'a label'}` : `Roll back ${label}`}
    >
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (ready && !mutation.isPending) mutation.mutate()
        }}
      >
        {conflict && (
          <p role="alert" className={classes.conflict}>
            <strong>Somebody was faster, and nothing was moved.</strong> {conflict}
          </p>
        )}
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
          {same
            ? 'It stands there already.'
            : nowhere
              ? 'It stood nowhere before its last move, and will again.'
              : to === undefined || trimmed === ''
                ? ''
                : `Programs that ask for “${trimmed}” get version ${to} from their next request on.`}
        </p>
        {locked && (
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
        {problem && problem.status !== 412 && (
          <p role="alert" className={classes.problem}>
            {problem.detail || problem.title}
            {problem.remedy && <>: {problem.remedy}</>}
          </p>
        )}
        <div className={classes.actions}>
          <Button size="xs" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button size="xs" type="submit" disabled={!ready} loading={mutation.isPending}>
            {change.kind === 'move' ? `Move ${trimmed || 'the label'}` : `Roll back to ${to ?? 'nowhere'}`}
          </Button>
        </div>
      </form>
    </Modal>
  )
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
