import type { CostSum, Json, JsonObject } from './types'

/** Prompts as the registry has them, and how their calls did (docs/prompts.md, docs/prompt-performance.md). */
export interface VersionFacts {
  version: string
  /** That stand on it, "latest" too. */
  labels: string[]
  author: string
  notes: string
  sha256: string
  size: number
  created_at: string
  goal: string
  model: string
}

export interface PromptMessage {
  role: string
  content: string
}

export interface PromptVariable {
  name: string
  type?: string
  default?: Json
  required?: boolean
  description?: string
}

export interface PromptVersion extends Omit<VersionFacts, 'goal' | 'model'> {
  name: string
  goal?: string
  model?: string
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
  token_limit?: number | null
  parameters?: JsonObject | null
  tools?: Json[] | null
  response_schema?: JsonObject | null
  text?: string
  messages?: PromptMessage[] | null
  variables?: PromptVariable[] | null
  /** Those that only stand in the templates. */
  undeclared: PromptVariable[]
  includes: string[]
}

/** A version with its variables filled in. */
export interface PromptRendering {
  text?: string
  messages?: PromptMessage[]
  /** Asked for, without a value or a default: empty in the text. */
  missing: string[]
  /** Given, and no template asks for them. */
  unused: string[]
  used: string[]
}

export interface PromptLabel {
  label: string
  /** Null: it stands nowhere. */
  version: string | null
  protected: boolean
  moved_at: string
}

export interface LabelMove {
  at: string
  by: string
  reason: string
  from: string | null
  to: string | null
  rollback: boolean
}

export interface LabelHistory extends PromptLabel {
  /** The last move first. */
  history: LabelMove[]
}

export interface RegisteredPrompt {
  name: string
  description: string
  tags: string[]
  created_at: string
  changed_at: string
  archived_at: string | null
  /** For If-Match. */
  etag: string
  version_count: number
  latest: VersionFacts | null
  /** "latest" is not among them. */
  labels: PromptLabel[]
  /** The highest first; not in lists. */
  versions?: VersionFacts[]
}

export interface PromptList {
  prompts: RegisteredPrompt[]
  /** How many fit; the answer may have fewer. */
  total: number
}

export interface DiffPiece {
  text: string
  changed: boolean
}

export interface DiffLine {
  change: 'same' | 'removed' | 'added'
  pieces: DiffPiece[]
}

export interface DiffHunk {
  from_line: number
  to_line: number
  lines: DiffLine[]
  more_removed?: number
  more_added?: number
}

export interface PromptDifference {
  name: string
  from: string
  to: string
  same: boolean
  fields: { field: string; from: Json; to: Json }[]
  texts: { field: string; hunks: DiffHunk[] }[]
  variables: { name: string; from: PromptVariable | null; to: PromptVariable | null }[]
}

export interface Spread {
  /** That say it. */
  calls: number
  average: number | null
  p50: number | null
  p95: number | null
}

/** How a group of calls did; null where no call says it. */
export interface PromptPerformance {
  statuses: Record<string, number>
  success_rate: number | null
  feedback: {
    accepted: number
    rejected: number
    modified: number
    none: number
    acceptance_rate: number | null
  }
  score: { name: string; calls: number; average: number | null }
  edit_distance: { calls: number; average: number | null }
  data_quality: { complete: number; incomplete: number; rate: number | null }
  figures: {
    calls: number
    failures: number
    input_tokens: number | null
    output_tokens: number | null
    cost: CostSum & { totals?: Record<string, string> }
  }
  duration_ms: Spread
  duration_p90_ms: number | null
  duration_p99_ms: number | null
  first_token_ms: Spread
  input_tokens: Spread
  output_tokens: Spread
  output_chars: Spread
  priced_calls: number
  cost_per_call: string | null
  scores: { name: string; calls: number; average: number | null; median: number | null }[]
  first_call: string | null
  last_call: string | null
}

export interface Period {
  from: string
  to: string
  tz: string
}

export interface PerformanceAnswer {
  name: string
  period: Period
  labels: Record<string, string>
  all: PromptPerformance
  groups: ({ key: { 'prompt.version': string | null } } & PromptPerformance)[]
  truncated: boolean
}

export type MetricUnit = 'count' | 'money' | 'share' | 'ms' | 'number'
export type Better = 'higher' | 'lower' | 'neither'
export type Finding = 'better' | 'worse' | 'higher' | 'lower' | 'leaning' | 'open' | 'unknown'

export interface MetricComparison {
  metric: string
  unit: MetricUnit
  better: Better
  currency?: string | null
  values_a: number
  values_b: number
  a: number | null
  b: number | null
  difference: number | null
  interval: [number, number] | null
  test: string | null
  p_value: number | null
  adjusted_p_value: number | null
  effect: string | null
  effect_size: number | null
  finding: Finding
  why?: string
  sentence: string
}

export interface VersionUse {
  version: string
  calls: number
  first_call: string | null
  last_call: string | null
}

export interface ComparisonAnswer {
  name: string
  period: Period
  labels: Record<string, string>
  confidence: number
  family: number
  versions: VersionUse[]
  left_out: string[]
  comparisons: { a: string; b: string; warnings: string[]; metrics: MetricComparison[] }[]
}

export interface MetricChange {
  at: string
  before: number
  after: number
  worse: boolean | null
  lasts: boolean
  sentence: string
}

export interface MetricSeries {
  metric: string
  unit: MetricUnit
  better: Better
  currency?: string | null
  /** One a day. */
  values: (number | null)[]
  changes: MetricChange[]
}

export interface TrendsAnswer {
  name: string
  period: Period
  days: { begin: string; calls: number }[]
  versions: VersionUse[]
  series: MetricSeries[]
  degradations: (MetricChange & { metric: string; alert: string | null; why?: string })[]
}
