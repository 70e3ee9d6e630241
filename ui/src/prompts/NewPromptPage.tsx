import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { createPrompt } from '../api/prompt-queries'
import { keepAuthorName, readAuthorName } from '../state/author'
import type { SearchRecord } from '../state/list-state'
import classes from './NewPromptPage.module.css'
import { emptyDraft, wordsOf, type ReadVersion } from './version-draft'
import { VersionForm } from './VersionForm'

/** A prompt that the registry does not have yet, with its first version. */
export function NewPromptPage() {
  const wanted = (useSearch({ strict: false }) as SearchRecord).name ?? ''
  const [name, setName] = useState(wanted)
  const [description, setDescription] = useState('')
  const [tags, setTags] = useState('')
  const [start] = useState(() => emptyDraft(readAuthorName()))
  const [done, setDone] = useState(false)
  const navigate = useNavigate()
  const queries = useQueryClient()
  const mutation = useMutation({
    meta: { done: `${name.trim()} was made` },
    mutationFn: ({ json }: ReadVersion) =>
      createPrompt({ name: name.trim(), description: description.trim(), tags: wordsOf(tags) }, json),
    onSuccess: (added) => {
      keepAuthorName(added.author)
      setDone(true)
      void queries.invalidateQueries({ queryKey: ['prompts'] })
      void navigate({
        to: '/prompts/$promptName',
        params: { promptName: added.name },
        ignoreBlocker: true,
      })
    },
  })
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Link to="/prompts" className="dim">
          Prompts
        </Link>
        <span className="dim">/</span>
        <h1>New prompt</h1>
      </header>
      <div className={classes.content}>
        <VersionForm
          start={start}
          submit="Create the prompt"
          busy={mutation.isPending}
          problem={mutation.error ? asProblem(mutation.error) : null}
          onSubmit={(read) => mutation.mutate(read)}
          done={done}
        >
          <TextInput
            size="xs"
            label="Name"
            placeholder="support/answer"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <div className={classes.about}>
            <TextInput
              size="xs"
              label="Description"
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
          </div>
        </VersionForm>
      </div>
    </div>
  )
}
