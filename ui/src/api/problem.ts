export interface UsedBy {
  /** That are not concluded. */
  experiments: { name: string; state: string }[]
  /** That include it. */
  prompts: { name: string; version: string }[]
  /** That stand on it. */
  labels: string[]
}

/** What went wrong, and what to do about it: the server's problem details (RFC 9457), or our own for a dead line. */
export class Problem extends Error {
  /** Who rests on what was to go: force would do it all the same. */
  readonly usedBy: UsedBy | null
  readonly title: string
  readonly detail: string
  readonly remedy: string
  /** HTTP status; 0 when no answer came. */
  readonly status: number

  constructor(fields: {
    title: string
    detail?: string
    remedy?: string
    status: number
    usedBy?: UsedBy | null
  }) {
    super(fields.detail ? `${fields.title}: ${fields.detail}` : fields.title)
    this.name = 'Problem'
    this.title = fields.title
    this.detail = fields.detail ?? ''
    this.remedy = fields.remedy ?? ''
    this.status = fields.status
    this.usedBy = fields.usedBy ?? null
  }
}

export async function problemFromResponse(response: Response): Promise<Problem> {
  const body = await readObject(response)
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : '')
  return new Problem({
    title:
      sayTitle(text('title'), text('code')) ||
      `The server answered ${response.status} ${response.statusText}`.trim(),
    detail: text('detail'),
    remedy: text('remedy') || remedyFor(response.status),
    status: response.status,
    usedBy: typeof body.used_by === 'object' ? (body.used_by as UsedBy | null) : null,
  })
}

const codes: Record<string, string> = {
  invalid_argument: 'This cannot be asked',
  failed_precondition: 'It cannot be done as things are',
  resource_exhausted: 'Too much of it',
  data_loss: 'The record is damaged there',
  unimplemented: 'Steno cannot do that yet',
  internal: 'The server failed',
}

/** The server has the code as the title, which is for programs: "not_found". */
function sayTitle(title: string, code: string): string {
  if (title !== code || title === '') return title
  const words = code.replaceAll('_', ' ')
  return codes[code] ?? words.charAt(0).toUpperCase() + words.slice(1)
}

export function unreachable(): Problem {
  return new Problem({
    title: 'Steno does not answer',
    detail: `No connection to ${globalThis.location?.origin ?? 'the server'}.`,
    remedy:
      'Start it again with “steno serve”. Nothing on the record is lost; this page comes back by itself.',
    status: 0,
  })
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem({
    title: 'The page could not do that',
    detail: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page. If it happens again, please report it with the text above.',
    status: -1,
  })
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json()
    return body !== null && typeof body === 'object' ? (body as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function remedyFor(status: number): string {
  if (status === 401 || status === 403) return 'Give an API key that the server knows.'
  if (status === 404) return 'Check the address; the record may have been kept on another server.'
  if (status === 429 || status === 503) return 'The server is busy. Wait a moment and try again.'
  if (status >= 500) return 'Look into the server’s log, or run “steno doctor”.'
  return 'Check the filters in the address and try again.'
}
