import { FacetMenu } from '../calls/FacetMenu'
import { FilterPills } from '../calls/FilterPills'
import { TimeRangeMenu } from '../components/TimeRangeMenu'
import type { ListState } from '../state/list-state'
import classes from './QuestionBar.module.css'

interface Props {
  name: string
  state: ListState
  onChange: (state: ListState) => void
  children?: React.ReactNode
}

/** Which of the prompt's calls are looked at: when, with which model, where. */
export function QuestionBar({ name, state, onChange, children }: Props) {
  const own = { path: 'prompt.name', op: 'eq', value: name } as const
  // What can be chosen is what calls of this prompt have.
  const ofPrompt = { ...state, filters: [...state.filters.filter((each) => each.path !== own.path), own] }
  const choose = (next: ListState) =>
    onChange({ ...next, filters: next.filters.filter((each) => each.path !== own.path) })
  return (
    <div className={classes.bar} role="search" aria-label="Which calls">
      <TimeRangeMenu state={state} onChange={(range) => onChange({ ...state, ...range })} />
      <FacetMenu path="model.requested" label="Model" state={ofPrompt} onChange={choose} />
      <FacetMenu path="environment" label="Environment" state={ofPrompt} onChange={choose} />
      <FilterPills state={state} onChange={onChange} />
      {children}
    </div>
  )
}
