import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { changeTypes, typeListKey } from '../api/prompt-type-queries'
import { plural } from '../format/number'
import { keepAuthorName, readAuthorName } from '../state/author'
import { AuthorFields } from '../components/AuthorFields'
import { Refusal } from '../components/Refusal'
import classes from '../components/Dialog.module.css'
import { FormDialog } from '../components/FormDialog'
import { readDraft, type SettingsDraft } from './settings-draft'
import { SettingsFields } from './SettingsFields'
import type { Told } from './use-type-change'

interface Props {
  types: string[]
  /** What was chosen; more can be added. */
  draft: SettingsDraft
  onClose: () => void
  onDone: (told: Told) => void
}

/** The same change of several types: all of them, or none. */
export function BulkDialog({ types, draft: chosen, onClose, onDone }: Props) {
  const [draft, setDraft] = useState(chosen)
  const [author, setAuthor] = useState({ by: readAuthorName(), reason: '' })
  const queries = useQueryClient()
  const { change, wrong } = readDraft(draft, null)
  const mutation = useMutation({
    mutationFn: () => changeTypes(types, change, author),
    meta: { done: `${plural(types.length, 'type')} changed` },
    onSuccess: async ({ count }) => {
      keepAuthorName(author.by.trim())
      await Promise.all([
        queries.invalidateQueries({ queryKey: typeListKey }),
        queries.invalidateQueries({ queryKey: ['prompt type'] }),
      ])
      onDone({ tone: 'good', words: `${plural(count, 'type')} changed.` })
      onClose()
    },
  })
  const ready = Object.keys(change).length > 0 && Object.keys(wrong).length === 0
  return (
    <FormDialog
      title={`Change ${plural(types.length, 'prompt type')}`}
      onClose={onClose}
      onSubmit={() => {
        if (ready && !mutation.isPending) mutation.mutate()
      }}
    >
      <p className={classes.names}>{types.join(', ')}</p>
      <SettingsFields
        several
        draft={draft}
        wrong={wrong}
        onChange={(next) => setDraft({ ...draft, ...next })}
      />
      <AuthorFields author={author} onChange={setAuthor} />
      <Refusal error={mutation.error} undone="changed" conflict="" />
      <div className={classes.actions}>
        <Button size="xs" variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button size="xs" type="submit" disabled={!ready} loading={mutation.isPending} data-autofocus>
          Change {plural(types.length, 'type')}
        </Button>
      </div>
    </FormDialog>
  )
}
