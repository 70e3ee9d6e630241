import { describe, expect, it } from 'vitest'
import type { TreeNode } from '../api/types'
import { treeRows, treeSpan } from './tree'

function node(id: string, second: number, millis: number, children: TreeNode[] = []): TreeNode {
  const started_at = `2026-11-20T10:00:${String(second).padStart(2, '0')}Z`
  return { call: { id, status: 'success', started_at, time: { duration_ms: millis } }, children }
}
const tree = [
  node('agent', 0, 10_000, [node('plan', 1, 2000, [node('tool', 3, 1000)]), node('answer', 5, 5000)]),
]

describe('a request as rows', () => {
  it('keeps order and depth', () => {
    expect(treeRows(tree, new Set()).map((row) => `${row.depth}${row.call.id}`)).toEqual([
      '0agent',
      '1plan',
      '2tool',
      '1answer',
    ])
  })
  it('hides what is folded', () => {
    const rows = treeRows(tree, new Set(['plan']))
    expect(rows.map((row) => row.call.id)).toEqual(['agent', 'plan', 'answer'])
    expect(rows[1]?.hasChildren).toBe(true)
  })
  it('places each call in the whole time', () => {
    const rows = treeRows(tree, new Set())
    expect(rows[0]).toMatchObject({ start: 0, width: 1 })
    expect(rows[2]).toMatchObject({ start: 0.3, width: 0.1 })
  })
  it('stands a child that outlives its parent, and one without times', () => {
    const odd = [
      node('a', 0, 1000, [node('b', 0, 4000), { call: { id: 'c', status: 'interrupted', started_at: '' } }]),
    ]
    const rows = treeRows(odd, new Set())
    expect(rows.every((row) => row.start >= 0 && row.start + row.width <= 1)).toBe(true)
  })
  it('stands 30,000 calls, also as one chain', () => {
    let chain = node('leaf', 1, 1)
    for (let i = 0; i < 30_000; i++) chain = node(`n${i}`, 1, 1, [chain])
    expect(treeRows([chain], new Set()).length).toBe(30_001)
    expect(treeSpan([]).to).toBe(0n)
  })
})
