import { Button, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { changePrompt, promptKey, promptQuery } from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import classes from '../components/Dialog.module.css'
import { FormDialog } from '../components/FormDialog'
import { Refusal } from '../components/Refusal'
import { wordsOf } from './version-draft'

type PromptChange = Parameters<typeof changePrompt>[1]

/** What is said of a prompt, and whether it is hidden; on the condition that it is as the reader sees it. */
export function PromptDialog({ prompt, onClose }: { prompt: RegisteredPrompt; onClose: () => void }) {
  const [seen, setSeen] = useState(prompt)
  const [description, setDescription] = useState(prompt.description)
  const [tags, setTags] = useState(prompt.tags.join(', '))
  const [conflict, setConflict] = useState('')
  const queries = useQueryClient()
  const archived = seen.archived_at !== null
  const mutation = useMutation({
    meta: { done: `${prompt.name} was changed` },
    mutationFn: ({ change, force }: { change: PromptChange; force?: boolean }) =>
      changePrompt(prompt.name, change, seen.etag, force),
    onMutate: () => setConflict(''),
    onSuccess: (answer) => {
      queries.setQueryData(promptKey(prompt.name), answer)
      void queries.invalidateQueries({ queryKey: promptKey(prompt.name) })
      void queries.invalidateQueries({ queryKey: ['prompts'] })
      onClose()
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return
      try {
        const fresh = await queries.fetchQuery({ ...promptQuery(prompt.name), staleTime: 0 })
        setConflict(`${whatChanged(seen, fresh)} Ask again, if you like.`)
        setSeen(fresh)
      } catch (cause) {
        setConflict(`How it stands now could not be asked: ${asProblem(cause).title}.`)
      }
    },
  })
  const same = description === seen.description && wordsOf(tags).join('\n') === seen.tags.join('\n')
  return (
    <FormDialog
      title={`About ${prompt.name}`}
      onClose={onClose}
      onSubmit={() => {
        if (!same && !mutation.isPending) mutation.mutate({ change: { description, tags: wordsOf(tags) } })
      }}
    >
      <Textarea
        size="xs"
        label="Description"
        autosize
        minRows={2}
        maxRows={8}
        data-autofocus
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <TextInput
        size="xs"
        label="Tags"
        placeholder="separated by commas"
        value={tags}
        onChange={(event) => setTags(event.currentTarget.value)}
      />
      <p className="dim">
        {archived
          ? 'It is archived: in no list, and its labels are not answered.'
          : 'Archived, it is in no list, and programs that ask for one of its labels are refused; its versions stay, by their numbers.'}
      </p>
      <Refusal
        error={mutation.error}
        undone={mutation.variables?.change.archived ? 'archived' : 'changed'}
        conflict={conflict}
        force={{
          words: 'Archive it all the same',
          busy: mutation.isPending,
          onForce: () => mutation.mutate({ change: { archived: true }, force: true }),
        }}
      />
      <div className={classes.actions}>
        <Button
          size="xs"
          variant="light"
          color={archived ? undefined : 'red'}
          loading={mutation.isPending && mutation.variables.change.archived !== undefined}
          onClick={() => mutation.mutate({ change: { archived: !archived } })}
          style={{ marginRight: 'auto' }}
        >
          {archived ? 'Take it back' : 'Archive it'}
        </Button>
        <Button size="xs" variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          size="xs"
          type="submit"
          disabled={same}
          loading={mutation.isPending && mutation.variables.change.archived === undefined}
        >
          Save
        </Button>
      </div>
    </FormDialog>
  )
}

/** What the reader could overwrite unseen. */
function whatChanged(before: RegisteredPrompt, after: RegisteredPrompt): string {
  const sentences = []
  if (before.description !== after.description)
    sentences.push(
      after.description ? `It is described as “${after.description}” now.` : 'It is not described now.',
    )
  if (before.tags.join('\n') !== after.tags.join('\n'))
    sentences.push(
      after.tags.length > 0 ? `Its tags are ${after.tags.join(', ')} now.` : 'It has no tags now.',
    )
  if ((before.archived_at === null) !== (after.archived_at === null))
    sentences.push(after.archived_at === null ? 'It is not archived any more.' : 'It is archived now.')
  return sentences.length > 0
    ? sentences.join(' ')
    : 'Its versions or labels have changed; what is said here has not.'
}
