const names: Record<string, string> = {
  text: 'Text',
  goal: 'Goal',
  model: 'Model',
  temperature: 'Temperature',
  token_limit: 'Token limit',
  top_k: 'Top-k',
  top_p: 'Top-p',
  parameters: 'Parameters',
  tools: 'Tools',
  response_schema: 'Response schema',
}

/** What people call a member of a version: "messages[0]" is the first message. */
export function fieldName(field: string): string {
  const message = /^messages\[(\d+)\](.*)$/.exec(field)
  if (message) return `Message ${Number(message[1]) + 1}${message[2]?.replace('.', ' ')}`
  return names[field] ?? field
}

/** Members that are JSON. */
export function isCode(field: string): boolean {
  return field === 'parameters' || field === 'tools' || field === 'response_schema'
}

/** What people wrote before what programs read. */
export function byWeight(a: { field: string }, b: { field: string }): number {
  return Number(isCode(a.field)) - Number(isCode(b.field))
}
