import { Button, NativeSelect } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import {
  doWithExperiment,
  experimentHistoryQuery,
  experimentKey,
  experimentListKey,
  experimentQuery,
  type ExperimentAction,
} from '../api/experiment-queries'
import type { Experiment } from '../api/experiment-types'
import { asProblem } from '../api/problem'
import { AuthorFields } from '../components/AuthorFields'
import { Refusal } from '../components/Refusal'
import { formatClock } from '../format/time'
import classes from '../components/Dialog.module.css'
import { FormDialog } from '../components/FormDialog'
import { keepAuthorName, readAuthorName } from '../state/author'

interface Props {
  of: Experiment
  action: ExperimentAction
  onClose: () => void
}

/** Starts, pauses, concludes, removes, or stops a variant, on the condition that the experiment is as the reader sees it. */
export function ActionDialog({ of, action, onClose }: Props) {
  // Not what the page fetches meanwhile: what is confirmed is what was looked at.
  const [seen, setSeen] = useState(of)
  const [conflict, setConflict] = useState('')
  const [winner, setWinner] = useState(action.kind === 'conclude' ? action.winner : '')
  const [author, setAuthor] = useState({ by: readAuthorName(), reason: '' })
  const queries = useQueryClient()
  const navigate = useNavigate()
  const mutation = useMutation({
    meta: { done: `${of.name}: ${action.kind}` },
    mutationFn: () =>
      doWithExperiment(seen, action.kind === 'conclude' ? { kind: 'conclude', winner } : action, author),
    onMutate: () => setConflict(''),
    onSuccess: async (answer) => {
      void queries.invalidateQueries({ queryKey: experimentListKey })
      if (!answer) {
        await navigate({ to: '/experiments' })
        queries.removeQueries({ queryKey: experimentKey(of.name) })
        return
      }
      keepAuthorName(author.by.trim())
      queries.setQueryData(experimentKey(of.name), answer)
      void queries.invalidateQueries({ queryKey: experimentKey(of.name) })
      onClose()
    },
    onError: async (error) => {
      if (asProblem(error).status !== 412) return
      try {
        const fresh = await queries.fetchQuery({ ...experimentQuery(of.name), staleTime: 0 })
        const { changes } = await queries.fetchQuery(experimentHistoryQuery(of.name, fresh.revision))
        const last = changes[0]
        setConflict(
          `${last ? `It was ${last.action} at ${formatClock(last.at)}${last.by ? ` by ${last.by}` : ''}. ` : ''}It is ${fresh.state} now.`,
        )
        setSeen(fresh)
      } catch (cause) {
        setConflict(`How it stands now could not be asked: ${asProblem(cause).title}.`)
      }
    },
  })
  const { title, words, button } = wordsOf(seen, action, winner)
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      onSubmit={() => {
        if (!mutation.isPending) mutation.mutate()
      }}
    >
      {action.kind === 'conclude' && (
        <NativeSelect
          size="xs"
          label="Winner"
          value={winner}
          onChange={(event) => setWinner(event.currentTarget.value)}
          data={[
            { value: '', label: 'none' },
            ...seen.variants.map((each) => ({ value: each.name, label: each.name })),
          ]}
        />
      )}
      <p className="dim">{words}</p>
      {action.kind !== 'remove' && <AuthorFields author={author} onChange={setAuthor} />}
      <Refusal
        error={mutation.error}
        undone={action.kind === 'remove' ? 'removed' : 'done'}
        conflict={conflict}
      />
      <div className={classes.actions}>
        <Button size="xs" variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          size="xs"
          type="submit"
          color={action.kind === 'remove' ? 'red' : undefined}
          loading={mutation.isPending}
          data-autofocus
        >
          {button}
        </Button>
      </div>
    </FormDialog>
  )
}

function wordsOf(of: Experiment, action: ExperimentAction, winner: string) {
  switch (action.kind) {
    case 'start':
      return {
        title: `${of.started_at ? 'Go on with' : 'Start'} ${of.name}`,
        words: of.started_at
          ? `From the next call on each ${of.unit} gets the variant that it had before.`
          : 'From the next call on units get their variants. What it asks (variants, metric, unit) cannot be changed any more then.',
        button: of.started_at ? 'Go on' : 'Start it',
      }
    case 'pause':
      return {
        title: `Pause ${of.name}`,
        words:
          'Nobody is assigned from the next call on: all get what they would get without it. It can go on later, with the same variants for the same units.',
        button: 'Pause it',
      }
    case 'remove':
      return {
        title: `Remove ${of.name}`,
        words: 'Its definition and its history are lost. No call names it, for it was never started.',
        button: 'Remove it for good',
      }
    case 'conclude':
      return {
        title: `Conclude ${of.name}`,
        words: `It ends for good, and all get what they would get without it.${
          winner
            ? ` To use ${winner} from now on, move the label or change the program: that is not done here.`
            : ''
        } Its result stays.`,
        button: winner ? `Conclude: ${winner} wins` : 'Conclude without a winner',
      }
    case 'stop':
      return {
        title: `Stop the variant ${action.variant}`,
        words: `Its ${of.unit}s get ${of.variants[0]?.name ?? 'the control'} from the next call on, for good; nobody else moves.`,
        button: `Stop ${action.variant}`,
      }
  }
}
