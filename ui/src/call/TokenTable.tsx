import type { Usage } from '../api/types'
import { JsonView } from '../components/JsonView'
import { formatCount } from '../format/number'
import classes from './NumberTable.module.css'
import { tokenRows } from './token-rows'

export function TokenTable({ usage }: { usage: Usage }) {
  return (
    <>
      <table className={classes.table}>
        <tbody>
          {tokenRows(usage).map((row) => (
            <tr key={row.label} data-sub={row.part || undefined}>
              <th scope="row">{row.label}</th>
              <td>{formatCount(row.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {usage.estimated && (
        <p className={classes.note}>
          {usage.billed === undefined ? 'Counted' : 'The output is counted'} by Steno from what arrived: the
          provider did not report it.
        </p>
      )}
      {usage.billed !== undefined && (
        <details>
          <summary className="dim">As the provider reported it</summary>
          <JsonView value={usage.billed} />
        </details>
      )}
    </>
  )
}
