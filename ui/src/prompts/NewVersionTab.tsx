import { Skeleton } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { addVersion, promptKey, promptQuery, versionTextQuery } from '../api/prompt-queries'
import type { RegisteredPrompt } from '../api/registry-types'
import { Notice } from '../components/Notice'
import { ProblemView } from '../components/ProblemView'
import { keepAuthorName, readAuthorName } from '../state/author'
import type { SearchRecord } from '../state/list-state'
import { NotRegistered } from './NotRegistered'
import { usePrompt } from './use-prompt'
import { draftFrom, type ReadVersion, type VersionDraft } from './version-draft'
import { VersionForm } from './VersionForm'

/** A new version, beginning with what another says. */
export function NewVersionTab() {
  const { name, prompt, error, unregistered, refetch } = usePrompt()
  const from = (useSearch({ strict: false }) as SearchRecord).from ?? prompt?.latest?.version ?? ''
  const base = useQuery({ ...versionTextQuery(name, from), enabled: prompt !== undefined && from !== '' })
  if (unregistered) return <NotRegistered name={name} />
  const problem = prompt ? base.error : error
  if (problem)
    return <ProblemView error={problem} onRetry={() => void (prompt ? base.refetch() : refetch())} />
  if (!prompt || !base.data) return <Skeleton height={60} m={16} w="auto" aria-label="Loading the version" />
  return (
    <NewVersion
      key={from}
      prompt={prompt}
      from={base.data.version.version}
      start={draftFrom(base.data.version, base.data.json, readAuthorName())}
    />
  )
}

interface Props {
  prompt: RegisteredPrompt
  from: string
  start: VersionDraft
}

function NewVersion({ prompt, from, start: begun }: Props) {
  const { name } = prompt
  // Not what the page fetches meanwhile: on it the reader's version is built.
  const [seen, setSeen] = useState(prompt)
  const [start] = useState(begun)
  const [told, setTold] = useState('')
  const [done, setDone] = useState(false)
  const navigate = useNavigate()
  const queries = useQueryClient()
  const mutation = useMutation({
    meta: { done: `A version of ${name} was made` },
    mutationFn: ({ json }: ReadVersion) => addVersion(name, json, seen.etag),
    onMutate: () => setTold(''),
    onSuccess: async (added) => {
      keepAuthorName(added.created ? added.author : readAuthorName())
      if (!added.created) {
        setTold(`Version ${added.version} says the same already: no other was made.`)
        return
      }
      setDone(true)
      await queries.invalidateQueries({ queryKey: promptKey(name), exact: true })
      void queries.invalidateQueries({ queryKey: ['prompts'] })
      void navigate({
        to: '/prompts/$promptName',
        params: { promptName: name },
        search: { version: added.version },
        ignoreBlocker: true,
      })
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return
      try {
        const fresh = await queries.fetchQuery({ ...promptQuery(name), staleTime: 0 })
        const newer = fresh.latest && fresh.latest.version !== seen.latest?.version ? fresh.latest : null
        setTold(
          `Somebody was faster, and nothing was made. ${
            newer
              ? `There is a version ${newer.version} now${newer.author && ` by ${newer.author}`}; yours is built on ${from}.`
              : 'The prompt or its labels have changed.'
          } What you wrote is here: make it all the same, if you like.`,
        )
        setSeen(fresh)
      } catch (cause) {
        setTold(`How it stands now could not be asked: ${asProblem(cause).title}.`)
      }
    },
  })
  const problem = mutation.error ? asProblem(mutation.error) : null
  return (
    <VersionForm
      start={start}
      submit="Make the version"
      busy={mutation.isPending}
      problem={problem?.status === 412 ? null : problem}
      onSubmit={(read) => mutation.mutate(read)}
      done={done}
    >
      <p className="dim" style={{ margin: 0 }}>
        A new version of {name}, beginning with what {from} says. {from} stays as it is.
      </p>
      {told && (
        <Notice tone="warn" onClose={() => setTold('')}>
          {told}
        </Notice>
      )}
    </VersionForm>
  )
}
