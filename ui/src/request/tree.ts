import type { Call, TreeNode } from '../api/types'
import { epochNanos } from '../format/time'

export interface TreeRow {
  call: Call
  depth: number
  hasChildren: boolean
  /** Share of the whole request's time, 0 to 1, at which the call began, and that it took. */
  start: number
  width: number
}

export interface Span {
  from: bigint
  to: bigint
}

/** The time that the whole tree covers. */
export function treeSpan(tree: TreeNode[]): Span {
  let from: bigint | null = null
  let to: bigint | null = null
  walk(tree, (call) => {
    const begin = epochNanos(call.started_at)
    if (begin === null) return
    const end = endOf(call, begin)
    if (from === null || begin < from) from = begin
    if (to === null || end > to) to = end
  })
  return { from: from ?? 0n, to: to ?? 0n }
}

/** The tree's open branches as rows in order; an explicit stack, so that depth is bounded by memory only. */
export function treeRows(tree: TreeNode[], folded: ReadonlySet<string>): TreeRow[] {
  const span = treeSpan(tree)
  const whole = Number(span.to - span.from) || 1
  const rows: TreeRow[] = []
  const stack = tree.map((node) => ({ node, depth: 0 })).reverse()
  for (;;) {
    const next = stack.pop()
    if (!next) return rows
    const { call, children = [] } = next.node
    const begin = epochNanos(call.started_at) ?? span.from
    rows.push({
      call,
      depth: next.depth,
      hasChildren: children.length > 0,
      start: Number(begin - span.from) / whole,
      width: Number(endOf(call, begin) - begin) / whole,
    })
    if (folded.has(call.id)) continue
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i]
      if (child) stack.push({ node: child, depth: next.depth + 1 })
    }
  }
}

function endOf(call: Call, begin: bigint): bigint {
  if (call.time?.duration_ms !== undefined) return begin + BigInt(Math.round(call.time.duration_ms * 1e6))
  const ended = epochNanos(call.ended_at)
  return ended !== null && ended > begin ? ended : begin
}

function walk(tree: TreeNode[], visit: (call: Call) => void): void {
  const stack = [...tree]
  for (;;) {
    const node = stack.pop()
    if (!node) return
    visit(node.call)
    if (node.children) for (const child of node.children) stack.push(child)
  }
}
