import { Checkbox, Loader, TextInput } from '@mantine/core'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { formatCount } from '../format/number'
import type { ListState } from '../state/list-state'
import classes from './FacetList.module.css'
import { useFacet, type FacetValue } from './use-facet'

interface Props {
  path: string
  label: string
  state: ListState
  chosen: string[]
  onChosen: (values: string[]) => void
}

export function FacetList({ path, label, state, chosen, onChosen }: Props) {
  const [search, setSearch] = useState('')
  const { values, loading, error } = useFacet(state, path)
  if (loading) return <Loader size="xs" m="sm" />
  if (error) return <p className={classes.note}>{asProblem(error).title}</p>
  const gone: FacetValue[] = chosen
    .filter((each) => !values.some((v) => v.value === each))
    .map((value) => ({ value, calls: 0 }))
  const listed = [...gone, ...values].filter((each) =>
    each.value.toLowerCase().includes(search.toLowerCase()),
  )
  return (
    <div className={classes.box}>
      {values.length > 8 && (
        <TextInput
          size="xs"
          data-autofocus
          placeholder={`Find ${label.toLowerCase()}`}
          aria-label={`Find ${label.toLowerCase()}`}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <div className={classes.list} role="group" aria-label={label}>
        {listed.map(({ value, calls }) => (
          <label key={value} className={classes.item}>
            <Checkbox
              size="xs"
              checked={chosen.includes(value)}
              onChange={() =>
                onChosen(
                  chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value],
                )
              }
            />
            <span className={classes.value}>{value}</span>
            <span className="dim">{formatCount(calls)}</span>
          </label>
        ))}
        {listed.length === 0 && <p className={classes.note}>No values in this time.</p>}
      </div>
    </div>
  )
}
