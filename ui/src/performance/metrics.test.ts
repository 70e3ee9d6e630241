import { expect, test } from 'vitest'
import { formatDifference, formatMetric, metricName } from './metrics'

test('figures by their unit', () => {
  expect(formatMetric(0.9676, 'share')).toBe('96.8 %')
  expect(formatMetric(1965.6, 'ms')).toBe('1.97 s')
  expect(formatMetric(0.0015237, 'money', 'USD')).toBe('$0.00152')
  expect(formatMetric(12.5, 'money', 'EUR')).toBe('EUR 12.50')
  expect(formatMetric(0, 'money')).toBe('$0')
  expect(formatMetric(600.38, 'number')).toBe('600')
  expect(formatMetric(3.14159, 'number')).toBe('3.14')
  expect(formatMetric(null, 'share')).toBe('—')
})

test('differences have a sign, and shares are told in points', () => {
  expect(formatDifference(0.062, 'share')).toBe('+6.2 points')
  expect(formatDifference(-193.4, 'ms')).toBe('-193 ms')
  expect(formatDifference(-0.00044, 'money', 'USD')).toBe('-$0.00044')
  expect(formatDifference(0, 'number')).toBe('0')
})

test('scores have the name that they were given', () => {
  expect(metricName('score.faithfulness')).toBe('Score faithfulness')
  expect(metricName('duration_p95')).toBe('Duration, p95')
})
