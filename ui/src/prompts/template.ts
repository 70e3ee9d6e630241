/** A stretch of a Mustache template, for showing; whether it is a right one, the server has said when it was made. */
export interface TemplatePart {
  kind: 'text' | 'variable' | 'section' | 'comment' | 'include' | 'marks'
  /** As it stands in the template. */
  text: string
  /** Of a variable or section its name, of an include what is included. */
  name: string
}

export function templateParts(template: string): TemplatePart[] {
  const parts: TemplatePart[] = []
  let open = '{{'
  let close = '}}'
  let at = 0
  while (at < template.length) {
    const begin = template.indexOf(open, at)
    const tag = begin < 0 ? null : readTag(template, begin, open, close)
    if (!tag) break
    if (begin > at) parts.push({ kind: 'text', text: template.slice(at, begin), name: '' })
    parts.push({ kind: tag.kind, text: template.slice(begin, tag.end), name: tag.name })
    at = tag.end
    if (tag.kind === 'marks') [open = open, close = close] = tag.name.split(/\s+/)
  }
  if (at < template.length) parts.push({ kind: 'text', text: template.slice(at), name: '' })
  return parts
}

const kinds: Record<string, TemplatePart['kind']> = {
  '#': 'section',
  '^': 'section',
  '/': 'section',
  '!': 'comment',
  '>': 'include',
  '=': 'marks',
  '&': 'variable',
}

/** The tag that begins here, and where it ends; null if nothing closes it. */
function readTag(template: string, begin: number, open: string, close: string) {
  const inside = begin + open.length
  const triple = open === '{{' && template[inside] === '{'
  const closing = triple ? '}}}' : template[inside] === '=' ? `=${close}` : close
  const stop = template.indexOf(closing, inside + 1)
  if (stop < 0) return null
  const mark = triple ? '&' : (template[inside] ?? '')
  const kind = kinds[mark] ?? 'variable'
  const name = template.slice(inside + (triple || mark in kinds ? 1 : 0), stop).trim()
  return { kind, name, end: stop + closing.length }
}

/** "tone@production" or "tone@1.2": the prompt, and which of its versions ("" if that is not said). */
export function includedPrompt(include: string): { name: string; which: string } {
  const at = include.lastIndexOf('@')
  return at < 0
    ? { name: include, which: '' }
    : { name: include.slice(0, at).trim(), which: include.slice(at + 1).trim() }
}
