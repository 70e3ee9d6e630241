import { Button } from '@mantine/core'
import classes from './NothingFound.module.css'

interface Props {
  filtered: boolean
  ranged: boolean
  onClear: () => void
  onAll: () => void
}

/** There may be calls, but none here. */
export function NothingFound({ filtered, ranged, onClear, onAll }: Props) {
  return (
    <section className={classes.none} aria-label="Nothing found">
      <strong>No calls {filtered ? 'match these filters' : 'in this time'}</strong>
      <span className={classes.actions}>
        {filtered && (
          <Button size="compact-sm" variant="default" onClick={onClear}>
            Remove the filters
          </Button>
        )}
        {ranged && (
          <Button size="compact-sm" variant="default" onClick={onAll}>
            Look at all time
          </Button>
        )}
      </span>
    </section>
  )
}
