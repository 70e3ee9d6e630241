import { Button } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { asProblem, type UsedBy } from '../api/problem'
import classes from './Refusal.module.css'

interface Props {
  /** Of the dialog's mutation; null: nothing was refused. */
  error: unknown
  /** What was not done, as a participle: "moved". */
  undone: string
  /** What happened meanwhile, where somebody was faster. */
  conflict: string
  /** The way to do it all the same, where others rest on it; its words say what is done. */
  force?: { words: string; busy: boolean; onForce: () => void }
}

/** Why what a dialog asked for was not done, and what can be done about it. */
export function Refusal({ error, undone, conflict, force }: Props) {
  const problem = error === null ? null : asProblem(error)
  if (problem?.usedBy && force)
    return (
      <div role="alert" className={classes.box}>
        <strong>Nothing was {undone}: others rest on it.</strong>
        <Users of={problem.usedBy} />
        <span>{whatFirst(problem.usedBy)}</span>
        <Button
          size="xs"
          color="red"
          leftSection={<IconAlertTriangle size={14} />}
          loading={force.busy}
          onClick={force.onForce}
        >
          {force.words}
        </Button>
      </div>
    )
  if (problem && problem.status !== 412)
    return (
      <p role="alert" className={classes.problem}>
        {problem.detail || problem.title}
        {problem.remedy && <>: {problem.remedy}</>}
      </p>
    )
  if (!conflict) return null
  return (
    <p role="alert" className={classes.conflict}>
      <strong>Somebody was faster, and nothing was {undone}.</strong> {conflict}
    </p>
  )
}

/** Who rests on it, each with the way there; beside the dialog, so that nothing that was written is lost. */
function Users({ of: { experiments, prompts, labels } }: { of: UsedBy }) {
  return (
    <ul className={classes.users}>
      {experiments.map(({ name, state }) => (
        <li key={`experiment ${name}`}>
          experiment{' '}
          <Link to="/experiments/$experimentName" params={{ experimentName: name }} target="_blank">
            {name}
          </Link>{' '}
          ({state})
        </li>
      ))}
      {prompts.map(({ name, version }) => (
        <li key={`prompt ${name} ${version}`}>
          prompt{' '}
          <Link to="/prompts/$promptName" params={{ promptName: name }} search={{ version }} target="_blank">
            {name}
          </Link>
          , which includes it in version {version}
        </li>
      ))}
      {labels.map((label) => (
        <li key={`label ${label}`}>programs that ask for the label {label}</li>
      ))}
    </ul>
  )
}

/** What is to be done so that nobody loses anything. */
function whatFirst({ experiments, prompts, labels }: UsedBy): string {
  const first = [
    ...(experiments.some(({ state }) => state !== 'draft') ? ['conclude what was started'] : []),
    ...(experiments.some(({ state }) => state === 'draft') ? ['remove drafts'] : []),
    ...(prompts.length > 0 ? ['take the includes out in new versions'] : []),
    ...(labels.length > 0 ? ['let these programs ask for another prompt'] : []),
  ]
  return first.length === 0 ? '' : `To break nothing, ${first.join(' and ')} first.`
}
