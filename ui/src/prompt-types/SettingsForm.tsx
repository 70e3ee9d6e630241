import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { resetType, typeListQuery, type TypeDetail } from '../api/prompt-type-queries'
import { Notice } from '../components/Notice'
import { keepAuthorName, readAuthorName } from '../state/author'
import { AuthorFields } from '../components/AuthorFields'
import { draftOf, readDraft, type SettingsDraft } from './settings-draft'
import { SettingsFields } from './SettingsFields'
import classes from './SettingsForm.module.css'
import { defaultSettings, settingNames, type SettingName } from './settings-words'
import { askAgain, useTypeChange, whyNot, type Told } from './use-type-change'

/** The settings, to be changed. What the reader has written stays in the form, whatever comes from the server meanwhile. */
export function SettingsForm({ one }: { one: TypeDetail }) {
  const [written, setWritten] = useState<Partial<SettingsDraft>>({})
  const [author, setAuthor] = useState({ by: readAuthorName(), reason: '' })
  const [told, setTold] = useState<Told | null>(null)
  const queries = useQueryClient()
  // The default is told with lists.
  const { data: list } = useQuery(typeListQuery('limit=1'))
  const draft = { ...draftOf(one.settings), ...written }
  const { change, wrong } = readDraft(draft, one.settings)
  const changed = useTypeChange(one.type, setTold)
  const done = () => {
    keepAuthorName(author.by.trim())
    setWritten({})
    setAuthor({ ...author, reason: '' })
  }
  const reset = useMutation({
    meta: { done: `${one.type} was changed` },
    mutationFn: () => resetType(one, author),
    onMutate: () => setTold(null),
    onSuccess: async () => {
      done()
      await askAgain(queries, one.type)
      setTold({ tone: 'good', words: 'Taken back: the defaults hold from the next call on.' })
    },
    onError: async (error) => {
      await askAgain(queries, one.type)
      setTold({ tone: 'bad', words: await whyNot(queries, error, one) })
    },
  })
  const dirty = Object.keys(change).length > 0
  const ready = dirty && Object.keys(wrong).length === 0
  const busy = changed.isPending || reset.isPending
  return (
    <form
      className={classes.form}
      aria-label="Settings"
      onSubmit={(event) => {
        event.preventDefault()
        if (!ready || busy) return
        changed.mutate(
          { seen: one, change, author },
          {
            onSuccess: () => {
              done()
              setTold({ tone: 'good', words: 'Saved: it holds from the next call on.' })
            },
          },
        )
      }}
    >
      <SettingsFields
        several={false}
        draft={draft}
        wrong={wrong}
        defaultTracks={list?.default_track_full_data}
        budgets={one.budgets}
        onChange={(next) => setWritten({ ...written, ...next })}
      />
      {(dirty || Object.keys(wrong).length > 0) && <AuthorFields author={author} onChange={setAuthor} />}
      {told && (
        <Notice tone={told.tone} onClose={() => setTold(null)}>
          {told.words}
        </Notice>
      )}
      <div className={classes.actions}>
        <Button size="xs" type="submit" disabled={!ready} loading={changed.isPending}>
          Save
        </Button>
        {dirty && (
          <Button size="xs" variant="default" onClick={() => setWritten({})}>
            Undo
          </Button>
        )}
        <span className={classes.gap} />
        {isSet(one) && !dirty && (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            loading={reset.isPending}
            onClick={() => reset.mutate()}
            title="Takes back all that is set, the description too; calls, totals and history stay"
          >
            Back to the defaults
          </Button>
        )}
      </div>
    </form>
  )
}

/** Whether there is anything to take back. */
function isSet({ settings }: TypeDetail): boolean {
  return (Object.keys(settingNames) as SettingName[]).some((name) => settings[name] !== defaultSettings[name])
}
