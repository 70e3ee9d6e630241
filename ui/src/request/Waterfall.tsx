import { useVirtualizer } from '@tanstack/react-virtual'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import { StatusMark } from '../components/Mark'
import { Money } from '../components/Money'
import { formatKnown } from '../format/number'
import { formatDuration } from '../format/time'
import { KindIcon } from './KindIcon'
import type { TreeRow } from './tree'
import classes from './Waterfall.module.css'

const rowHeight = 32

interface Props {
  rows: TreeRow[]
  /** The time that the whole width of the bars stands for. */
  millis: number
  folded: ReadonlySet<string>
  onFlip: (id: string) => void
}

/** Name on the left, indented; numbers; and a bar for when it ran. Only rows in sight are in the document. */
export function Waterfall({ rows, millis, folded, onFlip }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => rows[index]?.call.id ?? index,
    overscan: 12,
  })
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="treegrid"
      aria-label="Calls of this request"
      aria-rowcount={rows.length + 1}
    >
      <div className={`${classes.row} ${classes.head}`} role="row">
        <span role="columnheader">Call</span>
        <span role="columnheader">Status</span>
        <span role="columnheader" data-right>
          Tokens
        </span>
        <span role="columnheader" data-right>
          Cost
        </span>
        <span role="columnheader" data-right>
          Duration
        </span>
        <span role="columnheader" aria-label="When" className={classes.scale}>
          {[0, 0.25, 0.5, 0.75].map((share) => (
            <span key={share}>{formatDuration(millis * share)}</span>
          ))}
        </span>
      </div>
      <div className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index]
          if (!row) return null
          return (
            <div
              key={row.call.id}
              role="row"
              aria-level={row.depth + 1}
              aria-expanded={row.hasChildren ? !folded.has(row.call.id) : undefined}
              className={`${classes.row} ${classes.item}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <NameCell row={row} folded={folded.has(row.call.id)} onFlip={onFlip} />
              <span role="gridcell">
                <StatusMark status={row.call.status} />
              </span>
              <span role="gridcell" data-right>
                {row.call.usage && (
                  <>
                    {formatKnown(row.call.usage.input_tokens)} <span className="dim">→</span>{' '}
                    {formatKnown(row.call.usage.output_tokens)}
                  </>
                )}
              </span>
              <span role="gridcell" data-right>
                {row.call.cost?.total !== undefined && (
                  <Money amount={row.call.cost.total} currency={row.call.cost.currency} />
                )}
              </span>
              <span role="gridcell" data-right>
                {row.call.time?.duration_ms === undefined ? '' : formatDuration(row.call.time.duration_ms)}
              </span>
              <span role="gridcell" className={classes.track}>
                <span
                  className={classes.bar}
                  data-status={row.call.status}
                  style={{ left: `${row.start * 100}%`, width: `max(2px, ${row.width * 100}%)` }}
                />
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}

function NameCell({ row, folded, onFlip }: { row: TreeRow; folded: boolean; onFlip: (id: string) => void }) {
  const { call } = row
  const name = call.name ?? call.trace?.function ?? call.model?.requested ?? call.kind ?? call.id
  return (
    <span role="gridcell" className={classes.name} style={{ paddingLeft: 8 + Math.min(row.depth, 24) * 18 }}>
      {row.hasChildren ? (
        <button
          type="button"
          className={classes.fold}
          aria-label={`${folded ? 'Unfold' : 'Fold'} ${name}`}
          onClick={() => onFlip(call.id)}
        >
          {folded ? '▸' : '▾'}
        </button>
      ) : (
        <span className={classes.fold} />
      )}
      <KindIcon kind={call.kind} />
      <Link
        to="/calls/$callId"
        params={{ callId: call.id }}
        search={{ 'trace.request_id': call.trace?.request_id ?? '', range: 'all' }}
        title={name}
      >
        {name}
      </Link>
      <span className="dim">{call.kind}</span>
    </span>
  )
}
