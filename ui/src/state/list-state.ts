import { isFilterPath } from './fields'
import {
  rangeBounds,
  readTimeRange,
  timeRangeKeys,
  writeTimeRange,
  type RangeName,
  type TimeRange,
} from './time-range'

/** Everything about the list that a link must carry. The address holds filters under the API's own names. */
export interface ListState extends TimeRange {
  text: string
  filters: Filter[]
  order: string
  /** Column ids in the order shown; null: the reader's own choice. */
  columns: string[] | null
  live: boolean
}

export const operators = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'prefix', 'contains', 'exists'] as const
export type Operator = (typeof operators)[number]

export interface Filter {
  path: string
  op: Operator
  value: string
}

export const newestFirst = '-started_at'

const usualRange: RangeName = '24h'

export const defaultListState: ListState = {
  range: usualRange,
  from: '',
  to: '',
  text: '',
  filters: [],
  order: newestFirst,
  columns: null,
  live: true,
}

/** The address's search part, flat. */
export type SearchRecord = Record<string, string>

export function readListState(search: SearchRecord): ListState {
  const state: ListState = { ...defaultListState, ...readTimeRange(search, usualRange), filters: [] }
  for (const [key, value] of Object.entries(search)) {
    if (value === '' || timeRangeKeys.includes(key)) continue
    if (key === 'text') state.text = value
    else if (key === 'order') state.order = value
    else if (key === 'columns') state.columns = value.split(',').filter(Boolean)
    else if (key === 'live') state.live = value !== 'off'
    else {
      const filter = readFilter(key, value)
      if (filter) state.filters.push(filter)
    }
  }
  return state
}

/** The inverse of readListState; defaults are left out so that a plain view has a plain address. */
export function writeListState(state: ListState): SearchRecord {
  const search: SearchRecord = writeTimeRange(state, usualRange)
  if (state.text) search.text = state.text
  for (const filter of state.filters) if (filter.value) search[filterKey(filter)] = filter.value
  if (state.order !== defaultListState.order) search.order = state.order
  if (state.columns) search.columns = state.columns.join(',')
  if (!state.live) search.live = 'off'
  return search
}

/** What the address says of the open call's panel, not of the list. */
const panelKeys = ['replay', 'replay_change']

/** The search part as the router hands it to a link. */
export type OldSearch = Record<string, string | undefined>

/** For a link to another call. */
export function withoutPanel(old: OldSearch): SearchRecord {
  return chosenKeys(old, (key) => !panelKeys.includes(key))
}

/** For another list beside the same call. */
export function withPanelOf(old: OldSearch, list: SearchRecord): SearchRecord {
  return { ...list, ...chosenKeys(old, (key) => panelKeys.includes(key)) }
}

function chosenKeys(search: OldSearch, wanted: (key: string) => boolean): SearchRecord {
  const chosen: SearchRecord = {}
  for (const [key, value] of Object.entries(search))
    if (value !== undefined && wanted(key)) chosen[key] = value
  return chosen
}

export function filterKey(filter: Filter): string {
  return filter.op === 'eq' ? filter.path : `${filter.path}.${filter.op}`
}

/** The state with this filter instead of any other one on the same field and operator; an empty value removes it. */
export function withFilter(state: ListState, filter: Filter): ListState {
  const key = filterKey(filter)
  const filters = state.filters.filter((each) => filterKey(each) !== key)
  if (filter.value) filters.push(filter)
  return { ...state, filters }
}

/** The chosen values of a field that is filtered by "is one of". */
export function chosenValues(state: ListState, path: string): string[] {
  return state.filters
    .filter((filter) => filter.path === path && (filter.op === 'eq' || filter.op === 'in'))
    .flatMap((filter) => (filter.op === 'in' ? filter.value.split(',') : [filter.value]))
}

export function withChosenValues(state: ListState, path: string, values: string[]): ListState {
  const rest = state.filters.filter(
    (filter) => !(filter.path === path && (filter.op === 'eq' || filter.op === 'in')),
  )
  const op = values.length === 1 ? ('eq' as const) : ('in' as const)
  const added = values.length === 0 ? [] : [{ path, op, value: values.join(',') }]
  return { ...state, filters: [...rest, ...added] }
}

export function isFiltered(state: ListState): boolean {
  return state.text !== '' || state.filters.length > 0
}

/** Live calls belong on top only where the newest are on top and the range is open to the present. */
export function canFollow(state: ListState): boolean {
  return state.order === newestFirst && !(state.range === 'custom' && state.to !== '')
}

/** The filter as the API takes it, without times: for the live stream. */
export function liveParams(state: ListState): string {
  return filterParams(state).toString()
}

/** The filter with its time range as the API takes it; `now` anchors a relative range. */
export function apiParams(state: ListState, now: Date): URLSearchParams {
  const params = filterParams(state)
  const { from, to } = rangeBounds(state, now)
  if (from) params.set('from', from)
  if (to) params.set('to', to)
  return params
}

function filterParams(state: ListState): URLSearchParams {
  const params = new URLSearchParams()
  for (const filter of state.filters) params.append(filterKey(filter), filter.value)
  if (state.text) params.set('text', state.text)
  return params
}

function readFilter(key: string, value: string): Filter | null {
  const dot = key.lastIndexOf('.')
  const suffix = key.slice(dot + 1) as Operator
  const hasOperator = dot > 0 && suffix !== 'eq' && operators.includes(suffix)
  const path = hasOperator ? key.slice(0, dot) : key
  return isFilterPath(path) ? { path, op: hasOperator ? suffix : 'eq', value } : null
}
