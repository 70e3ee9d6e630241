// Made-up but plausible calls for developing the page without a server. Deterministic for a seed.
import { createHash } from 'node:crypto'

/** @param {number} seed */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const models = [
  // provider, requested, served, host, path, picodollars a token: input, cached, output (null: no price known)
  [
    'openai',
    'gpt-4o-mini',
    'gpt-4o-mini-2024-07-18',
    'api.openai.com',
    '/v1/chat/completions',
    [150000, 75000, 600000],
  ],
  ['openai', 'gpt-4.1', 'gpt-4.1-2025-04-14', 'api.openai.com', '/v1/responses', [2000000, 500000, 8000000]],
  [
    'anthropic',
    'claude-sonnet-4-5',
    'claude-sonnet-4-5-20250929',
    'api.anthropic.com',
    '/v1/messages',
    [3000000, 300000, 15000000],
  ],
  [
    'gcp.gemini',
    'gemini-2.5-flash',
    'gemini-2.5-flash',
    'generativelanguage.googleapis.com',
    '/v1beta/models/gemini-2.5-flash:generateContent',
    [300000, 75000, 2500000],
  ],
  ['vllm', 'qwen3-32b-local', 'Qwen/Qwen3-32B', '127.0.0.1:8000', '/v1/chat/completions', null],
]

const talks = [
  [
    'When does my order 48213 arrive?',
    'Your order 48213 left our warehouse in Leipzig this morning and should arrive **tomorrow between 9 and 12**.',
    'answer_question',
  ],
  [
    'Summarise this contract in three sentences: The lessee shall pay, in advance, on the first day of each month …',
    'The tenant pays rent monthly in advance. The lease runs two years and renews yearly. Either side may end it with three months’ notice.',
    'summarise',
  ],
  [
    'Is the tone of this e-mail friendly enough? “Please send the invoice again.”',
    'It is polite but terse. Adding a greeting and a reason would make it friendlier.',
    'tone_check',
  ],
  [
    'Erstelle eine kurze Produktbeschreibung für eine wasserdichte Fahrradtasche (20 l, reflektierend).',
    'Die 20-Liter-Tasche hält auch bei Dauerregen dicht und macht dich mit Rundum-Reflexstreifen im Dunkeln sichtbar.',
    'product_text',
  ],
  [
    'Classify: “The app crashes whenever I open settings”',
    '{"category":"bug","area":"settings","severity":"high","confidence":0.93}',
    'classify',
  ],
  [
    'Write a SQL query for the ten customers with the highest revenue this year.',
    "SELECT c.id, c.name, SUM(o.total) AS revenue\nFROM customers c JOIN orders o ON o.customer_id = c.id\nWHERE o.placed_at >= DATE '2026-01-01'\nGROUP BY c.id, c.name\nORDER BY revenue DESC\nLIMIT 10;",
    'code',
  ],
  [
    'Move my dentist appointment to next Tuesday at ten.',
    'Done: the dentist is now on Tuesday, 24 November at 10:00.',
    'calendar',
  ],
  [
    '日本語で自己紹介文を書いてください。',
    'はじめまして。東京でソフトウェアエンジニアをしている田中です。よろしくお願いいたします。',
    'write',
  ],
]

const errors = [
  {
    type: 'rate_limit',
    http_status: 429,
    message:
      'Rate limit reached for gpt-4.1 on tokens per min (TPM): Limit 30000, Used 29611, Requested 1204.',
    provider_type: 'tokens',
    provider_code: 'rate_limit_exceeded',
    retryable: true,
    advice:
      'Wait 1.6 s before the next try, or spread calls over time; the limit is per organisation and model.',
  },
  {
    type: 'context_length',
    http_status: 400,
    message:
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens.",
    provider_code: 'context_length_exceeded',
    retryable: false,
    advice: 'Shorten the history or choose a model with a larger context window.',
  },
  {
    type: 'overloaded',
    http_status: 529,
    message: 'Overloaded',
    provider_type: 'overloaded_error',
    retryable: true,
    advice: 'The provider is overloaded. Retry with growing pauses, or fall back to another model.',
  },
  {
    type: 'authentication',
    http_status: 401,
    message: 'Incorrect API key provided: sk-…redacted.',
    provider_code: 'invalid_api_key',
    retryable: false,
    advice: 'Check the key that the client sends; Steno passes it through and does not keep it.',
  },
  {
    type: 'timeout',
    message: 'no first byte from api.openai.com within 60 s',
    retryable: true,
    advice: 'Ask for a shorter answer, stream it, or raise the first-byte timeout.',
  },
]

export const uuid = (text) => {
  const h = createHash('sha256').update(text).digest('hex')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`
}

/** RFC 3339 with nanoseconds at +01:00. */
export function stamp(millis, nanos = 0) {
  const iso = new Date(millis + 3600_000).toISOString().slice(0, 23)
  return `${iso}${String(nanos % 1_000_000).padStart(6, '0')}+01:00`
}

/** Picodollars (an integer) as a decimal string with twelve places. */
export function money(pico) {
  const digits = String(pico).padStart(13, '0')
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`
}

function costOf(model, usage) {
  if (!model[5]) return undefined
  const [i, c, o] = model[5].map(BigInt)
  const cached = BigInt(usage.cache_read_tokens ?? 0)
  const input = (BigInt(usage.input_tokens) - cached) * i
  const cache = cached * c
  const output = BigInt(usage.output_tokens) * o
  const cost = {
    input: money(input),
    output: money(output),
    total: money(input + cache + output),
    currency: 'USD',
    price_id: `${model[0]}/${model[2]}@2026-11-20`,
    source: 'catalogue',
  }
  if (cached > 0n) cost.cache = money(cache)
  return cost
}

const users = ['u-anna', 'u-ben', 'u-chen', 'u-dora', 'u-emil']

/** One ended call that began at `at` (epoch ms). */
export function makeCall(n, at, rnd) {
  const pick = (list) => list[Math.floor(rnd() * list.length)]
  const model = pick(models)
  const [prompt, answer, type] = talks[n % talks.length]
  const luck = rnd()
  const status =
    luck < 0.86
      ? 'success'
      : luck < 0.94
        ? 'failure'
        : luck < 0.97
          ? 'partial'
          : luck < 0.985
            ? 'cancelled'
            : 'interrupted'
  const stream = rnd() < 0.6
  const duration = Math.round((200 + Math.exp(rnd() * 4.2) * 120) * 10) / 10
  const input = 20 + Math.floor(Math.exp(rnd() * 7.5))
  const usage = { input_tokens: input, output_tokens: 6 + Math.floor(rnd() * 380) }
  if (rnd() < 0.4 && input > 200) usage.cache_read_tokens = Math.floor(input * 0.7)
  const reasons = model[1] === 'claude-sonnet-4-5' && rnd() < 0.5
  if (reasons) usage.reasoning_tokens = Math.floor(usage.output_tokens * 0.4)
  const error =
    status === 'failure'
      ? pick(errors)
      : status === 'partial'
        ? {
            type: 'connection',
            message: 'the provider closed the stream before it was complete',
            retryable: true,
            advice: 'Retry; what had arrived is kept on the record.',
          }
        : undefined
  const done = status === 'success' || status === 'partial'
  const call = {
    id: uuid(`call ${n}`),
    kind: 'chat',
    name: model[1],
    source: 'gateway',
    status,
    started_at: stamp(at, n * 7919),
    ended_at: status === 'interrupted' ? undefined : stamp(at + duration, n * 104729),
    project: pick(['shop', 'shop', 'assistant']),
    environment: pick(['prod', 'prod', 'staging']),
    time: { duration_ms: duration, queued_ms: Math.round(rnd() * 40) / 10 },
    trace: {
      session_id: `s-${1000 + (n % 37)}`,
      request_id: `r-${5000 + n}`,
      agent: pick(['support', 'calendar', undefined]),
    },
    who: { user_id: pick(users) },
    provider: {
      name: model[0],
      endpoint: { method: 'POST', host: model[3], path: model[4] },
      http_status: error?.http_status ?? 200,
      request_id: `req_${uuid(`p ${n}`).replaceAll('-', '').slice(0, 24)}`,
      region: model[0] === 'openai' ? 'us-east' : undefined,
      rate_limit:
        model[0] === 'openai'
          ? {
              requests: { limit: 10000, remaining: 9000 - (n % 500), reset_ms: 6 },
              tokens: { limit: 200000, remaining: 120000 - (n % 9000), reset_ms: 840 },
            }
          : undefined,
    },
    model: { requested: model[1], served: done ? model[2] : undefined },
    request: {
      stream,
      parameters: { temperature: pick([0, 0.2, 0.7, 1]), max_tokens: pick([200, 1024, 4096]) },
      messages: [
        {
          role: 'system',
          parts: [
            {
              type: 'text',
              text: 'You are the assistant of a small shop. Be brief, be kind, never invent order numbers.',
            },
          ],
        },
        { role: 'user', parts: [{ type: 'text', text: prompt }] },
      ],
    },
    response: done
      ? {
          id: `chatcmpl-${uuid(`r ${n}`).slice(0, 8)}`,
          finish_reasons: [status === 'partial' ? 'length' : 'stop'],
          chunks: stream ? 4 + (n % 40) : undefined,
          output_chars: answer.length,
          messages: [
            {
              role: 'assistant',
              parts: [
                ...(reasons
                  ? [
                      {
                        type: 'reasoning',
                        text: 'The user asks about a single fact. I should answer in one sentence and not speculate beyond the record.',
                      },
                    ]
                  : []),
                { type: 'text', text: status === 'partial' ? answer.slice(0, answer.length / 2) : answer },
              ],
            },
          ],
        }
      : undefined,
    modality: { input: ['text'], output: ['text'] },
    usage: done ? usage : undefined,
    cost: done ? costOf(model, usage) : undefined,
    error,
    attempts:
      error?.type === 'overloaded'
        ? [
            {
              provider: model[0],
              model: model[1],
              status: 'failure',
              http_status: 529,
              duration_ms: 311.2,
              reason: 'overloaded',
            },
            {
              provider: model[0],
              model: model[1],
              status: 'failure',
              http_status: 529,
              duration_ms: 1204.9,
              reason: 'overloaded',
            },
          ]
        : undefined,
    prompt: {
      type,
      name: `${type}/default`,
      version: String(1 + (n % 3)),
      variables: { tone: 'friendly', locale: 'en' },
    },
    labels: {
      tags: n % 3 === 0 ? ['demo', type] : ['demo'],
      attributes: { tone: pick(['friendly', 'formal']), premium: n % 2 === 0 },
      metadata: { build: 'a41f9', host: 'web-3' },
    },
    raw: { request: '…' },
    privacy: { full_data: true, retention: 'standard' },
    preview: { prompt, answer: done ? answer.slice(0, 300) : '' },
  }
  if (stream && done) call.time.time_to_first_token_ms = Math.round(duration * (0.1 + rnd() * 0.3) * 10) / 10
  if (n % 11 === 0 && done)
    call.feedback = { verdict: pick(['accepted', 'rejected']), by: 'anna', at: stamp(at + 60000) }
  if (n % 7 === 0)
    call.scores = {
      quality: {
        value: 1 + (n % 10),
        min: 1,
        max: 10,
        source: 'judge',
        explanation: 'Answers the question and stays on the record.',
      },
    }
  return JSON.parse(JSON.stringify(call))
}

/** An agent's run: agent → plan (with an image) → two tools → answer; one retrieval fails. */
export function makeAgentRun(n, at) {
  const request = `r-agent-${n}`
  const base = (i, kind, name, start, duration, parent, more) => {
    const made = {
      id: uuid(`${request} ${i}`),
      kind,
      name,
      source: 'gateway',
      status: 'success',
      started_at: stamp(at + start, n + i),
      ended_at: stamp(at + start + duration, n + i),
      project: 'assistant',
      environment: 'prod',
      time: { duration_ms: duration },
      trace: {
        session_id: 's-1042',
        request_id: request,
        parent_id: parent === null ? undefined : uuid(`${request} ${parent}`),
        sequence: i + 1,
        agent: 'calendar',
      },
      who: { user_id: 'u-anna' },
      labels: { tags: ['agent', 'demo'] },
      prompt: { type: 'calendar' },
    }
    for (const [key, value] of Object.entries(more))
      made[key] =
        made[key] && typeof value === 'object' && !Array.isArray(value) ? { ...made[key], ...value } : value
    return made
  }
  const tool = {
    id: 'toolu_01F7',
    name: 'find_appointment',
    value: { person: 'Dr. Weber', from: '2026-11-16', to: '2026-11-30', include: ['cancelled', 'tentative'] },
  }
  const sonnet = models[2]
  const llm = (usage) => ({
    provider: {
      name: sonnet[0],
      endpoint: { method: 'POST', host: sonnet[3], path: sonnet[4] },
      http_status: 200,
      request_id: `req_${n}${usage.input_tokens}`,
    },
    model: { requested: sonnet[1], served: sonnet[2] },
    usage,
    cost: costOf(sonnet, usage),
  })
  const ask = 'Move my dentist appointment to next Tuesday at ten. Here is the letter from the practice.'
  const tools = [
    {
      name: 'find_appointment',
      description: 'Find appointments by person and time',
      input_schema: {
        type: 'object',
        properties: { person: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' } },
        required: ['person'],
      },
    },
    {
      name: 'move_appointment',
      description: 'Move an appointment',
      input_schema: { type: 'object', properties: { id: { type: 'string' }, to: { type: 'string' } } },
    },
  ]
  const asked = [
    {
      role: 'user',
      parts: [
        { type: 'text', text: ask },
        {
          type: 'image',
          mime: 'image/jpeg',
          name: 'letter.jpg',
          url: 'data:image/jpeg;base64,/9j/4AAQSkZJRg',
        },
      ],
    },
  ]
  const called = {
    role: 'assistant',
    parts: [
      {
        type: 'reasoning',
        text: 'I need the appointment’s id first. The letter names Dr. Weber; I will search two weeks around today, including tentative entries, because the practice often marks them so.',
      },
      { type: 'text', text: 'Let me look for that appointment.' },
      { type: 'tool_call', ...tool },
    ],
  }
  return [
    base(0, 'agent', 'calendar', 0, 6420, null, {
      request: { input: { task: ask } },
      response: { output: { done: true } },
      preview: { prompt: ask, answer: 'Done: Tuesday, 24 November, 10:00.' },
    }),
    base(1, 'chat', sonnet[1], 40, 2310, 0, {
      ...llm({
        input_tokens: 3480,
        output_tokens: 212,
        cache_read_tokens: 2048,
        cache_write_tokens: { '5m': 512 },
        reasoning_tokens: 96,
      }),
      time: { time_to_first_token_ms: 620.4, queued_ms: 3.1 },
      request: {
        system: 'You manage a calendar. Use the tools. Ask only when a choice is really open.',
        stream: true,
        parameters: { max_tokens: 2048, temperature: 1, thinking: { type: 'enabled', budget_tokens: 1024 } },
        tools,
        messages: asked,
      },
      response: {
        finish_reasons: ['tool_use'],
        chunks: 31,
        tool_calls: [{ id: tool.id, name: tool.name, arguments: tool.value }],
        messages: [called],
      },
      preview: { prompt: ask, answer: 'Let me look for that appointment.' },
      modality: { input: ['text', 'image'], output: ['text'] },
      media: [
        { hash: 'blake3:9f2c…', mime: 'image/jpeg', bytes: 184_220, metadata: { width: 1240, height: 1754 } },
      ],
    }),
    base(2, 'function', 'find_appointment', 2380, 412, 1, {
      trace: { function: 'find_appointment', operation: 'read' },
      request: { input: tool.value },
      response: { output: { id: 'ev-77', when: '2026-11-19T08:00:00+01:00' } },
      preview: { prompt: '{"person":"Dr. Weber"…', answer: '{"id":"ev-77"…' },
    }),
    base(3, 'retrieval', 'practice-hours', 2400, 1490, 1, {
      status: 'failure',
      trace: { function: 'search' },
      request: { input: { query: 'opening hours Dr. Weber' } },
      error: {
        type: 'timeout',
        message: 'no answer in 1.5 s',
        retryable: true,
        advice: 'Raise the time limit or look at the vector store.',
      },
      preview: { prompt: 'opening hours Dr. Weber', answer: '' },
    }),
    base(4, 'chat', sonnet[1], 3950, 1630, 0, {
      ...llm({ input_tokens: 3910, output_tokens: 88, cache_read_tokens: 3072 }),
      time: { time_to_first_token_ms: 540.2 },
      request: {
        stream: true,
        parameters: { max_tokens: 2048 },
        tools,
        messages: [
          ...asked,
          called,
          {
            role: 'tool',
            parts: [
              {
                type: 'tool_result',
                id: tool.id,
                name: tool.name,
                value: { id: 'ev-77', when: '2026-11-19T08:00:00+01:00', with: 'Dr. Weber' },
              },
            ],
          },
        ],
      },
      response: {
        finish_reasons: ['tool_use'],
        messages: [
          {
            role: 'assistant',
            parts: [
              {
                type: 'tool_call',
                id: 'toolu_02',
                name: 'move_appointment',
                value: { id: 'ev-77', to: '2026-11-24T10:00:00+01:00' },
              },
            ],
          },
        ],
      },
      preview: { prompt: ask, answer: 'move_appointment(…)' },
    }),
    base(5, 'function', 'move_appointment', 5600, 240, 4, {
      trace: { function: 'move_appointment', operation: 'update' },
      request: { input: { id: 'ev-77', to: '2026-11-24T10:00:00+01:00' } },
      response: { output: { ok: true } },
      preview: { prompt: '{"id":"ev-77"…', answer: '{"ok":true}' },
    }),
  ]
}
