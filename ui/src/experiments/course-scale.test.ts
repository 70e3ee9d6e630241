import { expect, test } from 'vitest'
import type { CoursePoint } from '../api/experiment-types'
import { bandOf, reachOf } from './course-scale'

const point = (difference: number | null, interval: [number, number] | null): CoursePoint => ({
  at: '2026-11-22T00:00:00Z',
  variants: [
    { calls: 10, value: 1, difference: null, interval: null },
    { calls: 10, value: 1, difference, interval },
  ],
})
const points = [point(null, null), point(0.5, [-8, 9]), point(0.2, [-1, 1.4]), point(0.1, [-0.1, 0.3])]

test('a chart reaches as far as is known at the end, not at the beginning', () => {
  const reach = reachOf(points, 0.01)
  expect(reach).toBeGreaterThan(0.3)
  expect(reach).toBeLessThan(1)
  expect(reachOf(points, 2)).toBeGreaterThan(2)
  expect(reachOf([], 0)).toBe(1)
})

test('a band goes along the upper ends and back along the lower ones, without moments that have none', () => {
  expect(
    bandOf(
      points.slice(0, 3),
      1,
      (index) => index,
      (value) => value,
    ),
  ).toBe('1,9 2,1.4 2,-1 1,-8')
  expect(
    bandOf(
      points,
      0,
      (index) => index,
      (value) => value,
    ),
  ).toBe('')
})
