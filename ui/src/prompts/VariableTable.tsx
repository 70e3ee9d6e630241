import type { PromptVariable } from '../api/registry-types'
import { FactSection } from '../call/Facts'
import table from '../call/NumberTable.module.css'

/** What the templates ask for; those that are not declared only stand in them. */
export function VariableTable({
  declared,
  undeclared,
}: {
  declared: PromptVariable[]
  undeclared: PromptVariable[]
}) {
  const variables = [...declared, ...undeclared]
  if (variables.length === 0) return null
  return (
    <FactSection title="Variables">
      <table className={`${table.table} ${table.words}`} aria-label="Variables">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">If it is missing</th>
          </tr>
        </thead>
        <tbody>
          {variables.map((each) => (
            <tr key={each.name}>
              <th scope="row" className="mono" title={each.description || undefined}>
                {each.name}
              </th>
              <td>{each.type ?? 'any'}</td>
              <td style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{ifMissing(each)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </FactSection>
  )
}

function ifMissing({ default: value, required }: PromptVariable) {
  if (value !== undefined && value !== null) {
    return (
      <>
        <span className="mono">{typeof value === 'string' ? value : JSON.stringify(value)}</span>
      </>
    )
  }
  return required === false ? <span className="dim">left out</span> : 'told as missing'
}
