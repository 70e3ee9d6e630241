import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Fragment, useState } from 'react'
import { experimentsOfPromptQuery } from '../api/experiment-queries'
import { asProblem } from '../api/problem'
import { promptKey, promptQuery, removePrompt } from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import classes from '../components/Dialog.module.css'
import { FormDialog } from '../components/FormDialog'
import { Refusal } from '../components/Refusal'
import { plural } from '../format/number'
import { LabelChip } from './LabelChip'

interface Props {
  prompt: RegisteredPrompt
  onClose: () => void
}

/**
 * Removes a prompt for good, once its name has been written, on the condition that it is as the reader sees it: what
 * is lost is named here, and nothing else is.
 */
export function RemoveDialog({ prompt, onClose }: Props) {
  const { name } = prompt
  const [seen, setSeen] = useState(prompt)
  const [written, setWritten] = useState('')
  const [conflict, setConflict] = useState('')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { data: experiments } = useQuery(experimentsOfPromptQuery(name))
  const dividing = experiments?.experiments.filter((each) => each.state !== 'concluded') ?? []
  const standing = seen.labels.filter((each) => each.version !== null)

  const leave = async () => {
    await navigate({ to: '/prompts' })
    queries.removeQueries({ queryKey: promptKey(name) })
    void queries.invalidateQueries({ queryKey: ['prompts'] })
  }
  const mutation = useMutation({
    meta: { done: `${name} was removed` },
    mutationFn: (force: boolean) => removePrompt(name, seen.etag, force),
    onMutate: () => setConflict(''),
    onSuccess: leave,
    onError: async (error) => {
      const { status } = asProblem(error)
      if (status === 404) return leave()
      if (status !== 412) return
      try {
        setSeen(await queries.fetchQuery({ ...promptQuery(name), staleTime: 0 }))
        setConflict('Above is what is lost now.')
      } catch (cause) {
        setConflict(`How it stands now could not be asked: ${asProblem(cause).title}.`)
      }
    },
  })
  return (
    <FormDialog
      title={`Remove ${name}`}
      onClose={onClose}
      onSubmit={() => {
        if (written === name && !mutation.isPending) mutation.mutate(false)
      }}
    >
      <p>
        Its {plural(seen.version_count, 'version')} and the history of its labels are lost, and nobody can
        bring them back.
      </p>
      {standing.length > 0 && (
        <div className={classes.move} aria-label="Labels that stand on it">
          {standing.map((each) => (
            <LabelChip key={each.label} label={each.label} version={each.version} locked={each.protected} />
          ))}
          <span>Programs that ask for one of these are refused from their next request on.</span>
        </div>
      )}
      {dividing.length > 0 && (
        <p>
          {dividing.length === 1 ? 'The experiment ' : 'The experiments '}
          {dividing.map((each, index) => (
            <Fragment key={each.name}>
              {index > 0 && ', '}
              <Link to="/experiments/$experimentName" params={{ experimentName: each.name }} target="_blank">
                {each.name}
              </Link>{' '}
              ({each.state})
            </Fragment>
          ))}
          {dividing.length === 1 ? ' is' : ' are'} about it: nobody gets a variant of it any more.
        </p>
      )}
      <p className="dim">
        Prompts that include it cannot be filled in any more. Calls that were made with it stay on the record,
        with its name and version.
        {seen.archived_at === null &&
          ' To hide it, and keep its versions by their numbers, archive it instead.'}
      </p>
      <TextInput
        size="xs"
        label="Write its name to remove it"
        data-autofocus
        autoComplete="off"
        spellCheck={false}
        placeholder={name}
        value={written}
        onChange={(event) => setWritten(event.currentTarget.value)}
      />
      <Refusal
        error={mutation.error}
        undone="removed"
        conflict={conflict}
        force={
          written === name
            ? {
                words: 'Remove it all the same',
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
        <Button
          size="xs"
          type="submit"
          color="red"
          variant={mutation.error && asProblem(mutation.error).usedBy ? 'light' : 'filled'}
          disabled={written !== name}
          loading={mutation.isPending}
        >
          Remove it for good
        </Button>
      </div>
    </FormDialog>
  )
}
