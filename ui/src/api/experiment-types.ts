import type { Better, MetricUnit } from './registry-types'
import type { JsonObject } from './types'

/** Live experiments as the server has them, and what they have shown (docs/experiments.md). */
export type ExperimentState = 'draft' | 'running' | 'paused' | 'concluded'
export type UnitKind = 'user' | 'session' | 'request'

/** What a variant does differently stands beside its weight; nothing does what would be done without the experiment. */
export interface Variant {
  name: string
  /** Against the others'. */
  weight: number
  /** Its units get the control. */
  stopped: boolean
  version?: string
  model?: string
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
  token_limit?: number | null
  parameters?: JsonObject | null
}

export interface Experiment {
  id: string
  name: string
  description: string
  /** "": none. */
  prompt: string
  label: string
  prompt_type: string
  unit: UnitKind
  /** Of units that take part. */
  share: number
  /** The first is the control. */
  variants: Variant[]
  metric: string
  better: Better
  /** A difference that would not matter. */
  margin: number
  guards: { metric: string; better: Better; worse_by: number; relative: boolean }[]
  rule: 'none' | 'conclude_winner' | 'bandit'
  every_minutes: number
  state: ExperimentState
  winner: string | null
  revision: number
  /** For If-Match. */
  etag: string
  created_at: string
  changed_at: string
  changed_by: string | null
  started_at: string | null
  concluded_at: string | null
}

export type ExperimentFinding = 'better' | 'worse' | 'negligible' | 'open' | 'unknown'

/** A variant against the control: b - a. */
export interface ExperimentDifference {
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
  confidence: number
  p_value: number | null
  finding: ExperimentFinding
  why?: string
  sentence: string
}

export interface VariantResult {
  name: string
  units: number
  calls: number
  /** As the result's metrics. */
  values: { metric: string; calls: number; value: number | null }[]
  /** Its chance to be the best. */
  best: number | null
  expected_loss: number | null
  /** Null of the control. */
  primary: ExperimentDifference | null
  guards: (ExperimentDifference & { worse_by: number; relative_limit: boolean; breached: boolean })[]
  also: ExperimentDifference[]
}

/** What stands in the place of a reason where there are many of them. */
export const otherReasons = 'other reasons'

export interface CoursePoint {
  at: string
  /** As the result's variants. */
  variants: {
    calls: number
    value: number | null
    difference: number | null
    interval: [number, number] | null
  }[]
}

export interface ExperimentResult {
  winner: string | null
  sentence: string
  warnings: string[]
  /** The primary one first. */
  metrics: { metric: string; unit: MetricUnit; better: Better }[]
  variants: VariantResult[]
  sample_ratio: {
    units: number[]
    expected: number[]
    p_value: number | null
    always_valid_p_value: number | null
    mismatch: boolean
    crossed_units: number
  }
  /** Of the primary metric, over time. */
  course: CoursePoint[]
  calls_left_out: number
  /** Why; null: they say no unit, or no variant of the experiment. */
  left_out: { reason: string | null; calls: number }[]
  /** Of all units: those that were looked at. */
  sampled: number
  reweighted: boolean
  /** When guards and rule were last looked at by themselves; null: not yet. */
  evaluated: { at: string; done: string[]; error: string | null } | null
}

export interface ExperimentChange {
  revision: number
  at: string
  by: string | null
  reason: string | null
  action: string
  /** The members that changed. */
  before: JsonObject
  after: JsonObject
}
