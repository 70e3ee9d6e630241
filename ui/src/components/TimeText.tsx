import { describeTime, formatClock } from '../format/time'

/** A time of the record: local and short, with zone and recorded text in the tooltip. */
export function TimeText({ at }: { at: string | undefined }) {
  if (!at) return <span className="dim">—</span>
  return (
    <time dateTime={at} title={describeTime(at)} className="nowrap">
      {formatClock(at)}
    </time>
  )
}
