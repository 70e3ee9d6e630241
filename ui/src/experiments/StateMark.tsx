import type { ExperimentState } from '../api/experiment-types'
import classes from './StateMark.module.css'

const words: Record<ExperimentState, { sign: string; meaning: string }> = {
  draft: { sign: '○', meaning: 'Not started: nobody is assigned.' },
  running: { sign: '▶', meaning: 'Units get their variants.' },
  paused: { sign: '❚❚', meaning: 'Nobody is assigned: all get what they would get without it.' },
  concluded: { sign: '■', meaning: 'Over, for good.' },
}

/** How an experiment stands, as shape, colour and word. */
export function StateMark({ state }: { state: ExperimentState }) {
  const { sign, meaning } = words[state]
  return (
    <span className={classes.mark} data-state={state} title={meaning}>
      <span aria-hidden="true">{sign}</span> {state}
    </span>
  )
}
