// Filters, order and sums of the API contract over plain arrays: enough for the page, nothing more.
import { money } from './mock-data.mjs'

const operators = ['ne', 'gt', 'gte', 'lt', 'lte', 'in', 'prefix', 'contains', 'exists']
const reserved = new Set([
  'from',
  'to',
  'text',
  'limit',
  'cursor',
  'fields',
  'order',
  'group_by',
  'bucket',
  'tz',
  'measures',
])

export const at = (call, path) =>
  path.startsWith('labels.attributes.')
    ? call.labels?.attributes?.[path.slice(18)]
    : path.split('.').reduce((value, key) => value?.[key], call)

const millis = (call) => Date.parse(call.started_at)

function matches(call, path, op, wanted) {
  const value = at(call, path)
  if (op === 'exists') return (value !== undefined) === (wanted === 'true')
  if (Array.isArray(value))
    return op === 'ne' ? !value.includes(wanted) : wanted.split(',').some((w) => value.includes(w))
  if (value === undefined) return false
  const order =
    typeof value === 'number'
      ? value - Number(wanted)
      : String(value) < wanted
        ? -1
        : String(value) > wanted
          ? 1
          : 0
  if (op === 'eq') return order === 0
  if (op === 'ne') return order !== 0
  if (op === 'gt') return order > 0
  if (op === 'gte') return order >= 0
  if (op === 'lt') return order < 0
  if (op === 'lte') return order <= 0
  if (op === 'in') return wanted.split(',').includes(String(value))
  if (op === 'prefix') return String(value).startsWith(wanted)
  return String(value).includes(wanted)
}

/** A predicate for the query's filters. */
export function predicate(query) {
  const tests = []
  for (const [key, wanted] of query) {
    if (key === 'from') tests.push((call) => millis(call) >= Date.parse(wanted))
    else if (key === 'to') tests.push((call) => millis(call) < Date.parse(wanted))
    else if (key === 'text') {
      const text = wanted.toLowerCase()
      tests.push((call) => `${call.preview?.prompt}\n${call.preview?.answer}`.toLowerCase().includes(text))
    } else if (!reserved.has(key)) {
      const dot = key.lastIndexOf('.')
      const suffix = key.slice(dot + 1)
      const [path, op] = operators.includes(suffix) ? [key.slice(0, dot), suffix] : [key, 'eq']
      tests.push((call) => matches(call, path, op, wanted))
    }
  }
  return (call) => tests.every((test) => test(call))
}

export function listItem(call) {
  const { raw, ...rest } = call
  const request = call.request && { stream: call.request.stream }
  const response = call.response && {
    id: call.response.id,
    finish_reasons: call.response.finish_reasons,
    chunks: call.response.chunks,
    output_chars: call.response.output_chars,
  }
  return JSON.parse(JSON.stringify({ ...rest, request, response }))
}

export function list(calls, query) {
  const order = query.get('order') ?? '-started_at'
  const path = order.replace(/^-/, '')
  const sign = order.startsWith('-') ? -1 : 1
  const keyOf = (call) => (path === 'started_at' ? call.started_at : Number(at(call, path) ?? -1))
  const found = calls.filter(predicate(query)).sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)]
    return sign * (x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1)
  })
  const limit = Math.min(Number(query.get('limit') ?? 50), 1000)
  const cursor = query.get('cursor')
  const start = cursor ? found.findIndex((call) => call.id === cursor) + 1 : 0
  const page = found.slice(start, start + limit)
  return { calls: page.map(listItem), next_cursor: start + limit < found.length ? page.at(-1).id : null }
}

const pico = (text) => BigInt(text.replace('.', ''))
const percentile = (sorted, p) =>
  sorted.length ? sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] : undefined

export function sumCost(calls) {
  let total = 0n
  let unpriced = 0
  for (const call of calls) {
    if (call.cost) total += pico(call.cost.total)
    else if (call.usage) unpriced++
  }
  return { total: money(total), currency: 'USD', unpriced_calls: unpriced }
}

const bucketMillis = { minute: 60e3, hour: 3600e3, day: 86400e3, week: 7 * 86400e3, month: 30 * 86400e3 }

export function aggregate(calls, query) {
  const bucket = query.get('bucket')
  const paths = (query.get('group_by') ?? '').split(',').filter(Boolean)
  const zone = Number(query.get('tz') ?? 0) * 60e3 || 0
  const groups = new Map()
  for (const call of calls.filter(predicate(query))) {
    const key = Object.fromEntries(paths.map((path) => [path, at(call, path) ?? null]))
    const width = bucketMillis[bucket]
    const slot = bucket
      ? new Date(Math.floor((millis(call) + zone) / width) * width - zone).toISOString()
      : undefined
    const id = JSON.stringify([key, slot])
    if (!groups.has(id)) groups.set(id, { key, bucket: slot, members: [] })
    groups.get(id).members.push(call)
  }
  const sum = (members, path) => members.reduce((total, call) => total + (at(call, path) ?? 0), 0)
  const sorted = (members, path) =>
    members
      .map((call) => at(call, path))
      .filter((v) => v !== undefined)
      .sort((a, b) => a - b)
  return {
    groups: [...groups.values()]
      .map(({ key, bucket, members }) => {
        const errors = members.filter((call) => call.status === 'failure').length
        const durations = sorted(members, 'time.duration_ms')
        return {
          key,
          bucket,
          calls: members.length,
          errors,
          error_rate: errors / members.length,
          input_tokens: sum(members, 'usage.input_tokens'),
          output_tokens: sum(members, 'usage.output_tokens'),
          cost: sumCost(members),
          duration_p50: percentile(durations, 0.5),
          duration_p95: percentile(durations, 0.95),
        }
      })
      .sort((a, b) => (bucket ? (a.bucket < b.bucket ? -1 : 1) : b.calls - a.calls)),
    truncated: false,
  }
}

export function requestTree(calls, id) {
  const own = calls
    .filter((call) => call.trace?.request_id === id)
    .sort((a, b) => (a.started_at < b.started_at ? -1 : 1))
  if (own.length === 0) return null
  const node = (call) => ({
    call: listItem(call),
    children: own.filter((each) => each.trace.parent_id === call.id).map(node),
  })
  const ids = new Set(own.map((call) => call.id))
  const ai = own.filter((call) => call.kind === 'chat')
  const names = (path) => [...new Set(own.map((call) => at(call, path)).filter(Boolean))]
  const end = Math.max(...own.map((call) => millis(call) + (call.time?.duration_ms ?? 0)))
  return {
    request_id: id,
    summary: {
      calls: own.length,
      ai_calls: ai.length,
      input_tokens: ai.reduce((n, c) => n + (c.usage?.input_tokens ?? 0), 0),
      output_tokens: ai.reduce((n, c) => n + (c.usage?.output_tokens ?? 0), 0),
      cost: sumCost(own),
      duration_ms: end - millis(own[0]),
      agents: names('trace.agent'),
      functions: names('trace.function'),
      success: own[0].status === 'success',
      started_at: own[0].started_at,
      ended_at: own[0].ended_at,
    },
    tree: own.filter((call) => !ids.has(call.trace.parent_id)).map(node),
  }
}
