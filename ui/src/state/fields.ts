/** The fields that the filter bar offers by name; the address may carry any other field of the record as well. */
export interface FilterField {
  path: string
  label: string
  /** Whether its known values can be listed with counts (a dimension with few values). */
  facet: boolean
}

export const filterFields: FilterField[] = [
  { path: 'status', label: 'Status', facet: true },
  { path: 'provider.name', label: 'Provider', facet: true },
  { path: 'model.requested', label: 'Model', facet: true },
  { path: 'kind', label: 'Kind', facet: true },
  { path: 'who.user_id', label: 'User', facet: true },
  { path: 'trace.session_id', label: 'Session', facet: true },
  { path: 'trace.request_id', label: 'Request', facet: false },
  { path: 'trace.agent', label: 'Agent', facet: true },
  { path: 'trace.function', label: 'Function', facet: true },
  { path: 'prompt.type', label: 'Prompt type', facet: true },
  { path: 'prompt.name', label: 'Prompt name', facet: true },
  { path: 'prompt.version', label: 'Prompt version', facet: true },
  { path: 'error.type', label: 'Error type', facet: true },
  { path: 'labels.tags', label: 'Tag', facet: false },
  { path: 'replay.of', label: 'Replay of', facet: false },
  { path: 'project', label: 'Project', facet: true },
  { path: 'environment', label: 'Environment', facet: true },
  { path: 'feedback.verdict', label: 'Feedback', facet: true },
]

/** Top-level scalars; everything else that can be filtered has a dot in its path. */
const topLevel = new Set([
  'id',
  'kind',
  'name',
  'source',
  'status',
  'project',
  'environment',
  'release',
  'tenant',
  'client_retry',
])

export const attributePrefix = 'labels.attributes.'

export function fieldLabel(path: string): string {
  const known = filterFields.find((field) => field.path === path)
  if (known) return known.label
  return path.startsWith(attributePrefix) ? path.slice(attributePrefix.length) : path
}

export function isFilterPath(path: string): boolean {
  return topLevel.has(path) || /^[a-z_]+\.[^\s]+$/.test(path)
}
