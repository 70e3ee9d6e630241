/**
 * The record as the API speaks it: names and meaning are those of the Call in the project's docs. A field that a source
 * did not give is absent, never zero or "", so nearly everything is optional. Money is a decimal string.
 */
export type CallStatus = 'success' | 'failure' | 'partial' | 'cancelled' | 'interrupted' | 'running'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export interface CallTime {
  duration_ms?: number
  time_to_first_token_ms?: number
  queued_ms?: number
  phases?: Record<string, number>
}

export interface Trace {
  session_id?: string
  request_id?: string
  parent_id?: string
  sequence?: number
  trace_id?: string
  span_id?: string
  agent?: string
  function?: string
  operation?: string
}

export interface RateLimit {
  limit?: number
  remaining?: number
  reset_ms?: number
}

export interface Provider {
  name?: string
  endpoint?: { method?: string; host?: string; path?: string }
  api_version?: string
  region?: string
  request_id?: string
  service_tier?: string
  batch?: boolean
  http_status?: number
  rate_limit?: { requests?: RateLimit; tokens?: RateLimit; windows?: Record<string, RateLimit> }
}

/** One part of a message; which fields it has follows from its type. */
export interface Part {
  type: string
  /** Text, reasoning, and a tool's result where it is text. */
  text?: string
  /** Of the tool call that this is, or answers. */
  id?: string
  /** Of the tool, document or file. */
  name?: string
  /** A tool call's arguments, a structured result; the whole part where type is "other". */
  value?: Json
  mime?: string
  url?: string
}

export interface Message {
  role?: string
  name?: string
  parts?: Part[]
}

export interface Usage {
  input_tokens?: number
  output_tokens?: number
  cache_read_tokens?: number
  cache_write_tokens?: number | Record<string, number>
  reasoning_tokens?: number
  audio_input_tokens?: number
  audio_output_tokens?: number
  image_input_tokens?: number
  images?: number
  seconds?: number
  characters?: number
  pages?: number
  searches?: number
  estimated?: boolean
  billed?: Json
  asked?: boolean
}

export interface Cost {
  input?: string
  output?: string
  cache?: string
  other?: string
  total?: string
  currency?: string
  price_id?: string
  source?: string
}

export interface CallError {
  type?: string
  message?: string
  stack?: string
  retryable?: boolean
  provider_type?: string
  provider_code?: string
  http_status?: number
  advice?: string
  /** The wait that the provider asked for. */
  retry_after_ms?: number
}

/** One rate limit as its provider told it last. */
export interface LimitWindow {
  name: string
  limit?: number
  remaining?: number
  resets_at?: string
  /** 0: that moment has passed. */
  resets_in_ms?: number
  /** As told last, before a reset too. */
  told_remaining?: number
  told_at?: string
}

/** The limits of one key and model. */
export interface LimitState {
  provider: string
  host?: string
  api_key_id?: string
  model: string
  exhausted: boolean
  available_in_ms?: number
  last_seen: string
  last_refused?: { at: string; type: string; retry_after_ms?: number; advice?: string }
  windows: LimitWindow[]
}

export interface Limits {
  limits: LimitState[]
  total: number
  forgotten: number
}

export interface Attempt {
  provider?: string
  model?: string
  status?: string
  http_status?: number
  duration_ms?: number
  reason?: string
}

export interface Prompt {
  type?: string
  name?: string
  version?: string
  variables?: JsonObject
  missing_variables?: string[]
  all_variables_present?: boolean
  experiment?: { id?: string; variant?: string; unit?: string; probability?: number }
}

export interface Labels {
  tags?: string[]
  attributes?: Record<string, string | number | boolean>
  metadata?: Json
}

export type Verdict = 'accepted' | 'rejected' | 'modified' | 'none'

export interface Feedback {
  verdict?: Verdict
  comment?: string
  edit_distance?: number
  at?: string
  by?: string
}

export interface Score {
  value?: number
  label?: string
  min?: number
  max?: number
  source?: string
  explanation?: string
  at?: string
  by?: string
}

export interface MediaItem {
  hash?: string
  mime?: string
  bytes?: number
  metadata?: Json
  where?: string
}

/** A list item has everything but the payloads (messages, input and output, raw), and has `preview` instead. */
export interface Call {
  id: string
  kind?: string
  name?: string
  source?: string
  status: CallStatus
  started_at: string
  ended_at?: string
  project?: string
  environment?: string
  release?: string
  tenant?: string
  time?: CallTime
  trace?: Trace
  who?: { user_id?: string; api_key_id?: string; subject?: string }
  provider?: Provider
  model?: { requested?: string; served?: string }
  request?: {
    messages?: Message[]
    system?: string
    tools?: Json
    parameters?: JsonObject
    stream?: boolean
    input?: Json
  }
  response?: {
    messages?: Message[]
    id?: string
    finish_reasons?: string[]
    tool_calls?: { id?: string; name?: string; arguments?: Json }[]
    structured?: Json
    output?: Json
    chunks?: number
    output_chars?: number
  }
  raw?: { request?: Json; response?: Json }
  modality?: { input?: string[]; output?: string[] }
  media?: MediaItem[]
  usage?: Usage
  cost?: Cost
  error?: CallError
  attempts?: Attempt[]
  client_retry?: number
  prompt?: Prompt
  labels?: Labels
  privacy?: {
    masked?: Record<string, number>
    retention?: string
    full_data?: boolean
    truncated?: Record<string, { bytes?: number; sha256?: string }>
    listed?: boolean
    /** Which setting of its prompt type set full_data to false. */
    withheld_by?: string
  }
  cache?: { hit?: string; from?: string }
  replay?: { of?: string; run_id?: string }
  feedback?: Feedback
  scores?: Record<string, Score>
  preview?: { prompt?: string; answer?: string }
}

export interface ReplayOutcome {
  original: Call
  replay: Call
}

export interface CallPage {
  calls: Call[]
  next_cursor: string | null
  /** Of a search for text: what was looked through for this page, and when the last of it began. */
  searched?: { calls: number; last_started_at?: string }
}

export interface CostSum {
  total?: string
  currency?: string
  unpriced_calls?: number
  estimated_calls?: number
}

export interface AggregateGroup {
  key?: Record<string, string | null>
  /** Start of the time bucket, if buckets were asked for. */
  bucket?: string
  calls?: number
  errors?: number
  /** Null where no call has what is measured. */
  error_rate?: number | null
  input_tokens?: number | null
  output_tokens?: number | null
  cost?: CostSum
  duration_p50?: number | null
  duration_p95?: number | null
  'max(started_at)'?: string | null
}

export interface Aggregate {
  groups: AggregateGroup[]
  truncated?: boolean
}

export interface RequestSummary {
  calls?: number
  ai_calls?: number
  input_tokens?: number
  output_tokens?: number
  cost?: CostSum
  duration_ms?: number
  agents?: string[]
  functions?: string[]
  success?: boolean
  started_at?: string
  ended_at?: string
}

export interface TreeNode {
  call: Call
  children?: TreeNode[]
}

export interface RequestTree {
  request_id: string
  summary: RequestSummary
  tree: TreeNode[]
  /** There are more calls than are shown. */
  truncated?: boolean
}

export interface ServerStatus {
  version?: string
  uptime_s?: number
  data_dir?: string
  upstreams?: { name: string; url: string }[]
  journal?: {
    healthy?: boolean
    durable_position?: string
    segments?: number
    bytes?: number
    last_error?: string
    unreadable_places?: number
    unreadable?: string[]
  }
  store?: {
    opening?: boolean
    healthy?: boolean
    last_error?: string
    behind_records?: number
    rows?: number
  }
  calls_running?: number
  records_waiting?: number
  records_lost?: number
}
