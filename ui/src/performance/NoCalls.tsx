import { Button } from '@mantine/core'
import { isFiltered, type ListState } from '../state/list-state'
import classes from './PerformanceTab.module.css'

/** There may be calls of this prompt, but none here. */
export function NoCalls({
  name,
  state,
  onChange,
}: {
  name: string
  state: ListState
  onChange: (state: ListState) => void
}) {
  const filtered = isFiltered(state)
  return (
    <section className={classes.none} aria-label="No calls">
      <strong>No calls of this prompt {filtered ? 'fit these filters' : 'in this time'}</strong>
      <span className={classes.actions}>
        {filtered && (
          <Button size="compact-sm" variant="default" onClick={() => onChange({ ...state, filters: [] })}>
            Remove the filters
          </Button>
        )}
        {state.range !== 'all' && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => onChange({ ...state, range: 'all', from: '', to: '' })}
          >
            Look at all time
          </Button>
        )}
      </span>
      {state.range === 'all' && !filtered && (
        <span className="dim">
          Calls name it by <span className="mono">x-steno-prompt-name: {name}</span>, or in the SDKs by{' '}
          <span className="mono">prompt.name</span>.
        </span>
      )}
    </section>
  )
}
