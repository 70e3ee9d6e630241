import type { Call, Json, Message } from '../api/types'

/** The answer as one text to compare: what was said, and the tools that were called. */
export function answerText(call: Call): string {
  const { messages, output } = call.response ?? {}
  if (messages && messages.length > 0) return messages.map(messageText).filter(Boolean).join('\n\n')
  return output === undefined ? '' : jsonText(output)
}

function messageText(message: Message): string {
  return (message.parts ?? [])
    .map((part) => {
      if (part.type === 'text') return part.text ?? ''
      if (part.type === 'tool_call')
        return `\n→ ${part.name ?? 'tool'} ${jsonText(part.value ?? part.text ?? {})}`
      return part.type === 'reasoning' ? '' : `\n[${part.type}]`
    })
    .join('')
    .trim()
}

function jsonText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
