import { formatMoney, splitMoney } from '../format/money'

/** An exact amount: all digits are there, those that rarely matter are dimmed. */
export function Money({ amount, currency }: { amount: string | undefined; currency?: string }) {
  if (amount === undefined) return <span className="dim">—</span>
  const parts = splitMoney(amount, currency)
  if (!parts) return <span>{amount}</span>
  return (
    <span className="nowrap" title={formatMoney(amount, currency)}>
      {parts.sign}
      {parts.unit}
      {parts.head}
      {parts.tail && <span className="dim">{parts.tail}</span>}
    </span>
  )
}
