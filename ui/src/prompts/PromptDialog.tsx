import { Button, Modal, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { changePrompt, promptKey, promptQuery } from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import classes from '../components/Dialog.module.css'
import { wordsOf } from './version-draft'

/** What is said of a prompt, and whether it is hidden; on the condition that it is as the reader sees it. */
export function PromptDialog({ prompt, onClose }: { prompt: RegisteredPrompt; onClose: () => void }) {
  const [seen, setSeen] = useState(prompt)
  const [description, setDescription] = useState(prompt.description)
  const [tags, setTags] = useState(prompt.tags.join(', '))
  const [conflict, setConflict] = useState(false)
  const queries = useQueryClient()
  const archived = seen.archived_at !== null
  const mutation = useMutation({
    mutationFn: (change: Parameters<typeof changePrompt>[1]) => changePrompt(prompt.name, change, seen.etag),
    onSuccess: (answer) => {
      queries.setQueryData(promptKey(prompt.name), answer)
      void queries.invalidateQueries({ queryKey: promptKey(prompt.name) })
      void queries.invalidateQueries({ queryKey: ['prompts'] })
      onClose()
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return
      setSeen(await queries.fetchQuery({ ...promptQuery(prompt.name), staleTime: 0 }))
      setConflict(true)
    },
  })
  const problem = mutation.error ? asProblem(mutation.error) : null
  const same = description === seen.description && wordsOf(tags).join('\n') === seen.tags.join('\n')
  return (
    <Modal opened onClose={onClose} centered size="md" title={`About ${prompt.name}`}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (!same && !mutation.isPending) mutation.mutate({ description, tags: wordsOf(tags) })
        }}
      >
        {conflict && (
          <p role="alert" className={classes.conflict}>
            <strong>Somebody was faster, and nothing was changed.</strong> The prompt is
            {seen.description ? ` described as “${seen.description}”` : ' not described'} now
            {archived && ', and archived'}. Ask again, if you like.
          </p>
        )}
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
        {problem && problem.status !== 412 && (
          <p role="alert" className={classes.problem}>
            {problem.detail || problem.title}
            {problem.remedy && <>: {problem.remedy}</>}
          </p>
        )}
        <div className={classes.actions}>
          <Button
            size="xs"
            variant="light"
            color={archived ? undefined : 'red'}
            loading={mutation.isPending && mutation.variables.archived !== undefined}
            onClick={() => mutation.mutate({ archived: !archived })}
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
            loading={mutation.isPending && mutation.variables.archived === undefined}
          >
            Save
          </Button>
        </div>
      </form>
    </Modal>
  )
}
