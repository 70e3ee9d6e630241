import type { PromptDifference, PromptVariable } from '../api/registry-types'
import type { Json } from '../api/types'
import classes from './DiffTab.module.css'
import { fieldName } from './field-names'

/** What differs and is no text: model, settings, variables. */
export function DiffFields({ difference }: { difference: PromptDifference }) {
  const { fields, variables, from, to } = difference
  if (fields.length === 0 && variables.length === 0) return null
  return (
    <table className={classes.fields} aria-label="Settings that differ">
      <thead>
        <tr>
          <th />
          <th scope="col">Version {from}</th>
          <th scope="col">Version {to}</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((each) => (
          <tr key={each.field}>
            <th scope="row">{fieldName(each.field)}</th>
            <td>{value(each.from, 'del')}</td>
            <td>{value(each.to, 'ins')}</td>
          </tr>
        ))}
        {variables.map((each) => (
          <tr key={`variable ${each.name}`}>
            <th scope="row">
              Variable <span className="mono">{each.name}</span>
            </th>
            <td>{variable(each.from, 'del')}</td>
            <td>{variable(each.to, 'ins')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function value(json: Json, Mark: 'del' | 'ins') {
  if (json === null || json === '') return <span className="dim">not set</span>
  return (
    <Mark className={typeof json === 'string' ? undefined : 'mono'}>
      {typeof json === 'string' ? json : JSON.stringify(json)}
    </Mark>
  )
}

function variable(each: PromptVariable | null, Mark: 'del' | 'ins') {
  if (!each) return <span className="dim">not declared</span>
  const given = each.default !== undefined && each.default !== null
  const words = [
    each.type ?? 'string',
    given
      ? `default ${JSON.stringify(each.default)}`
      : each.required === false
        ? 'may be left out'
        : 'required',
    each.description,
  ]
  return <Mark>{words.filter(Boolean).join(', ')}</Mark>
}
