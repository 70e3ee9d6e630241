import { IconX } from '@tabler/icons-react'
import { fieldLabel } from '../state/fields'
import { filterKey, withFilter, type Filter, type ListState, type Operator } from '../state/list-state'
import classes from './FilterPills.module.css'

const signs: Record<Operator, string> = {
  eq: '=',
  ne: '≠',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  in: 'in',
  prefix: 'begins with',
  contains: 'contains',
  exists: 'exists:',
}

interface Props {
  state: ListState
  onChange: (state: ListState) => void
}

/** Every filter in force, each with its way out. */
export function FilterPills({ state, onChange }: Props) {
  return (
    <>
      {state.text && (
        <Pill label={`text contains “${state.text}”`} onRemove={() => onChange({ ...state, text: '' })} />
      )}
      {state.filters.map((filter) => (
        <Pill
          key={filterKey(filter)}
          label={describe(filter)}
          onRemove={() => onChange(withFilter(state, { ...filter, value: '' }))}
        />
      ))}
    </>
  )
}

function Pill({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <span className={classes.pill}>
      <span className={classes.words} title={label}>
        {label}
      </span>
      <button
        type="button"
        className={classes.remove}
        aria-label={`Remove filter ${label}`}
        onClick={onRemove}
      >
        <IconX size={12} />
      </button>
    </span>
  )
}

function describe(filter: Filter): string {
  const value = filter.op === 'in' ? filter.value.split(',').join(' or ') : filter.value
  const sign = filter.op === 'in' ? '=' : signs[filter.op]
  return `${fieldLabel(filter.path)} ${sign} ${value}`
}
