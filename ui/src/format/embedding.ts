export interface Embedding {
  count: number
  dimensions: number
  /** The first values, where a source kept them. */
  first: number[]
}

/** Count and length of the vectors in an embedding's recorded output; null for anything else. */
export function readEmbedding(output: unknown): Embedding | null {
  if (output === null || typeof output !== 'object') return null
  const { count, dimensions, first } = output as Record<string, unknown>
  if (typeof count !== 'number' || typeof dimensions !== 'number') return null
  const values = Array.isArray(first) ? first.filter((each) => typeof each === 'number') : []
  return { count, dimensions, first: values.slice(0, 8) }
}

/** The same of the beginning of its JSON, in words for a list: "2 × 1,536 dimensions". */
export function describeEmbedding(preview: string | undefined): string | null {
  const match = /^\{"count":(\d+),"dimensions":(\d+)/.exec(preview ?? '')
  return match
    ? `${Number(match[1]).toLocaleString('en-US')} × ${Number(match[2]).toLocaleString('en-US')} dimensions`
    : null
}

/** What was embedded, from the beginning of its JSON: the first text without what is around it, else as it is. */
export function plainInput(preview: string | undefined): string | undefined {
  const text = /^(?:\[|\{"parts":\[\{"text":)?("(?:[^"\\]|\\.)*)/.exec(preview ?? '')?.[1]
  if (text === undefined) return preview
  try {
    return JSON.parse(`${text}"`) as string
  } catch {
    return preview
  }
}
