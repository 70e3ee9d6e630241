import { Button, Popover, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconArrowLeft, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { attributePrefix, filterFields, isFilterPath, type FilterField } from '../state/fields'
import {
  chosenValues,
  operators,
  withChosenValues,
  withFilter,
  type ListState,
  type Operator,
} from '../state/list-state'
import classes from './AddFilter.module.css'
import { FacetList } from './FacetList'

interface Props {
  state: ListState
  onChange: (state: ListState) => void
}

const inBar = new Set(['status', 'provider.name', 'model.requested'])
const offered = filterFields.filter((field) => !inBar.has(field.path))

/** A filter on any field: first the field, then its value. */
export function AddFilter({ state, onChange }: Props) {
  const [opened, { toggle, close }] = useDisclosure(false)
  const [field, setField] = useState<FilterField | 'attribute' | 'any' | null>(null)
  const leave = () => {
    close()
    setField(null)
  }
  return (
    <Popover opened={opened} onChange={(open) => !open && leave()} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="subtle"
          color="gray"
          leftSection={<IconPlus size={14} />}
          onClick={() => (opened ? leave() : toggle())}
        >
          Filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        {field === null ? (
          <div className={classes.fields}>
            {offered.map((each) => (
              <button key={each.path} type="button" className={classes.field} onClick={() => setField(each)}>
                {each.label}
              </button>
            ))}
            <button type="button" className={classes.field} onClick={() => setField('attribute')}>
              Attribute …
            </button>
            <button type="button" className={classes.field} onClick={() => setField('any')}>
              Any field …
            </button>
          </div>
        ) : (
          <div>
            <button type="button" className={classes.back} onClick={() => setField(null)}>
              <IconArrowLeft size={13} />{' '}
              {typeof field === 'string' ? (field === 'any' ? 'Any field' : 'Attribute') : field.label}
            </button>
            <ValueForm
              field={field}
              state={state}
              onChange={(next, done) => {
                onChange(next)
                if (done) leave()
              }}
            />
          </div>
        )}
      </Popover.Dropdown>
    </Popover>
  )
}

interface ValueProps {
  field: FilterField | 'attribute' | 'any'
  state: ListState
  onChange: (state: ListState, done: boolean) => void
}

function ValueForm({ field, state, onChange }: ValueProps) {
  if (field === 'any')
    return (
      <FreeForm pathLabel="Field" pathHint="usage.input_tokens" prefix="" state={state} onChange={onChange} />
    )
  if (field === 'attribute') {
    return (
      <FreeForm
        pathLabel="Attribute"
        pathHint="tone"
        prefix={attributePrefix}
        state={state}
        onChange={onChange}
      />
    )
  }
  if (field.facet) {
    return (
      <FacetList
        path={field.path}
        label={field.label}
        state={state}
        chosen={chosenValues(state, field.path)}
        onChosen={(values) => onChange(withChosenValues(state, field.path, values), false)}
      />
    )
  }
  return <ExactForm field={field} state={state} onChange={onChange} />
}

function ExactForm({ field, state, onChange }: ValueProps & { field: FilterField }) {
  const [value, setValue] = useState('')
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (value.trim())
          onChange(withFilter(state, { path: field.path, op: 'eq', value: value.trim() }), true)
      }}
    >
      <TextInput
        size="xs"
        data-autofocus
        label={`${field.label} is`}
        value={value}
        onChange={(e) => setValue(e.currentTarget.value)}
      />
      <Button size="xs" type="submit" disabled={!value.trim()}>
        Add
      </Button>
    </form>
  )
}

const operatorWords: Record<Operator, string> = {
  eq: 'is',
  ne: 'is not',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  in: 'is one of (a,b)',
  prefix: 'begins with',
  contains: 'contains',
  exists: 'is there (true, false)',
}

function FreeForm(
  props: Omit<ValueProps, 'field'> & { pathLabel: string; pathHint: string; prefix: string },
) {
  const [path, setPath] = useState('')
  const [op, setOp] = useState<Operator>('eq')
  const [value, setValue] = useState('')
  const full = props.prefix + path.trim()
  const good = path.trim() !== '' && isFilterPath(full)
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (good && value.trim())
          props.onChange(withFilter(props.state, { path: full, op, value: value.trim() }), true)
      }}
    >
      <TextInput
        size="xs"
        data-autofocus
        label={props.pathLabel}
        placeholder={props.pathHint}
        value={path}
        error={path !== '' && !good ? 'a path like usage.input_tokens' : undefined}
        onChange={(event) => setPath(event.currentTarget.value)}
      />
      <label className={classes.label}>
        Condition
        <select
          className={classes.select}
          value={op}
          onChange={(event) => setOp(event.currentTarget.value as Operator)}
        >
          {operators.map((each) => (
            <option key={each} value={each}>
              {operatorWords[each]}
            </option>
          ))}
        </select>
      </label>
      <TextInput
        size="xs"
        label="Value"
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      <Button size="xs" type="submit" disabled={!good || !value.trim()}>
        Add
      </Button>
    </form>
  )
}
