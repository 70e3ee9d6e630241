import type { Cost } from '../api/types'
import { formatMoney } from '../format/money'
import { FactSection } from './Facts'
import classes from './NumberTable.module.css'

const parts: [keyof Cost, string][] = [
  ['input', 'Input'],
  ['cache', 'Cache'],
  ['output', 'Output'],
  ['other', 'Other'],
]

export function CostParts({ id, cost }: { id: string; cost: Cost | undefined }) {
  if (cost?.total === undefined) {
    return (
      <FactSection title="Cost">
        <p className={classes.note}>
          No price is known for this model, so the cost is unknown, not zero. See “steno prices explain {id}”
          and “steno prices set”.
        </p>
      </FactSection>
    )
  }
  return (
    <FactSection title="Cost">
      <table className={classes.table}>
        <tbody>
          {parts.map(([key, label]) => {
            const amount = cost[key]
            return amount === undefined ? null : (
              <tr key={key}>
                <th scope="row">{label}</th>
                <td>{formatMoney(amount, cost.currency)}</td>
              </tr>
            )
          })}
          <tr data-total>
            <th scope="row">Total</th>
            <td>{formatMoney(cost.total, cost.currency)}</td>
          </tr>
        </tbody>
      </table>
      {cost.price_id && (
        <p className={classes.note}>
          Price <span className="mono">{cost.price_id}</span>
          {cost.source && ` (${cost.source})`}
        </p>
      )}
    </FactSection>
  )
}
