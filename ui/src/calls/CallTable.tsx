import { useMediaQuery } from '@mantine/hooks'
import { useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useEffect, useMemo, useRef } from 'react'
import type { Call } from '../api/types'
import { columns, columnSpecs, allColumnIds, features, type ColumnSpec } from './columns'
import classes from './CallTable.module.css'
import { useScrollAnchor } from './use-scroll-anchor'

export const rowHeight = 32

interface Props {
  calls: Call[]
  /** Ids of the columns shown, in order. */
  shown: string[]
  order: string
  onOrder: (order: string) => void
  /** The row that the keyboard is on. */
  activeId: string | null
  openId: string | null
  onOpen: (id: string) => void
  /** Called when the end comes into sight. */
  onEnd: () => void
  foot: React.ReactNode
}

/** The list itself: only the rows in sight are in the document, however long it is. */
export function CallTable(props: Props) {
  const { calls, shown, activeId, openId, onOpen, onEnd } = props
  const scroller = useRef<HTMLDivElement>(null)
  const columnVisibility = useMemo(
    () => Object.fromEntries(allColumnIds.map((id) => [id, shown.includes(id)])),
    [shown],
  )
  const table = useTable({
    features,
    columns,
    data: calls,
    getRowId: (call) => call.id,
    state: { columnVisibility, columnOrder: shown },
  })
  const rows = table.getRowModel().rows
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 12,
    scrollPaddingStart: rowHeight,
  })
  const fresh = useScrollAnchor(scroller, calls, rowHeight)

  const items = virtualizer.getVirtualItems()
  const last = items.at(-1)?.index ?? -1
  useEffect(() => {
    if (last >= rows.length - 20) onEnd()
  }, [last, rows.length, onEnd])

  useEffect(() => {
    const index = activeId === null ? -1 : rows.findIndex((row) => row.id === activeId)
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' })
    // Only a move of the keyboard scrolls; rows that come and go do not.
  }, [activeId])

  const phone = useMediaQuery('(max-width: 600px)', false, { getInitialValueInEffect: false })
  const specs = shown
    .map((id) => columnSpecs.get(id))
    .filter((spec) => spec !== undefined)
    .map((spec) => ({ ...spec, width: (phone && spec.phone) || spec.width }))
  const style = {
    '--cols': specs
      .map((spec) => (spec.grow ? `minmax(${spec.width}px, ${spec.grow}fr)` : `${spec.width}px`))
      .join(' '),
    '--least': `${specs.reduce((sum, spec) => sum + spec.width, 0)}px`,
  } as React.CSSProperties

  return (
    <div className={classes.frame}>
      {fresh > 0 && (
        <button
          type="button"
          className={classes.fresh}
          onClick={() => scroller.current?.scrollTo({ top: 0 })}
        >
          <IconArrowUp size={13} /> {fresh} new
        </button>
      )}
      <div
        ref={scroller}
        className={classes.scroller}
        role="grid"
        aria-label="Calls"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={activeId ? `row-${activeId}` : undefined}
        tabIndex={0}
        style={style}
        id="call-grid"
      >
        <div className={classes.head} role="row" aria-rowindex={1}>
          {specs.map((spec) => (
            <HeaderCell key={spec.id} spec={spec} order={props.order} onOrder={props.onOrder} />
          ))}
        </div>
        <div className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index]
            if (!row) return null
            return (
              <div
                key={row.id}
                id={`row-${row.id}`}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={row.id === openId}
                className={classes.row}
                data-active={row.id === activeId || undefined}
                data-status={row.original.status}
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={() => {
                  // Marking text is not choosing a row.
                  if (!window.getSelection()?.toString()) onOpen(row.id)
                }}
              >
                {row.getVisibleCells().map((cell) => (
                  <div
                    key={cell.id}
                    role="gridcell"
                    className={classes.cell}
                    data-right={columnSpecs.get(cell.column.id)?.right || undefined}
                    data-column={cell.column.id}
                  >
                    <table.FlexRender cell={cell} />
                  </div>
                ))}
              </div>
            )
          })}
        </div>
        <div className={classes.foot}>{props.foot}</div>
      </div>
    </div>
  )
}

function HeaderCell({
  spec,
  order,
  onOrder,
}: {
  spec: ColumnSpec
  order: string
  onOrder: (order: string) => void
}) {
  const by = spec.order
  const direction = by && order === `-${by}` ? 'descending' : by && order === by ? 'ascending' : 'none'
  return (
    <div
      role="columnheader"
      className={classes.headCell}
      data-right={spec.right || undefined}
      aria-sort={by ? direction : undefined}
    >
      {by ? (
        <button
          type="button"
          className={classes.sort}
          onClick={() => onOrder(direction === 'descending' ? by : `-${by}`)}
        >
          {spec.label}
          {direction === 'descending' && <IconArrowDown size={12} aria-hidden="true" />}
          {direction === 'ascending' && <IconArrowUp size={12} aria-hidden="true" />}
        </button>
      ) : (
        spec.label
      )}
    </div>
  )
}
