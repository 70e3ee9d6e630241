/**
 * Indents JSON text without parsing it, so that every number keeps the digits it was recorded with (a parse would turn
 * 1.0 into 1 and round large integers). Text that is not JSON comes back with its characters intact.
 */
export function indentJson(text: string): string {
  let out = ''
  let depth = 0
  let at = 0
  const newline = () => '\n' + '  '.repeat(Math.max(0, depth))
  while (at < text.length) {
    const c = text[at] as string
    if (c === '"') {
      const end = stringEnd(text, at)
      out += text.slice(at, end)
      at = end
      continue
    }
    if (c === '{' || c === '[') {
      const close = nextNonSpace(text, at + 1)
      if (text[close] === '}' || text[close] === ']') {
        out += c + text[close]
        at = close + 1
        continue
      }
      depth++
      out += c + newline()
    } else if (c === '}' || c === ']') {
      depth--
      out += newline() + c
    } else if (c === ',') {
      out += c + newline()
    } else if (c === ':') {
      out += ': '
    } else if (!isSpace(c)) {
      out += c
    }
    at++
  }
  return out
}

/** The members of a JSON object, each value's text as it stands there; the text must be one. */
export function memberTexts(text: string): Record<string, string> {
  const members: Record<string, string> = {}
  let at = nextNonSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at)
    const name = JSON.parse(text.slice(at, nameEnd)) as string
    const begin = nextNonSpace(text, nextNonSpace(text, nameEnd) + 1)
    const end = valueEnd(text, begin)
    members[name] = text.slice(begin, end).trimEnd()
    at = nextNonSpace(text, end + 1)
  }
  return members
}

/** The parsed value if the text is a JSON object or array; otherwise undefined. */
export function parseJsonContainer(text: string): unknown {
  const start = text.trimStart()[0]
  if (start !== '{' && start !== '[') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isSpace(c: string): boolean {
  return c === ' ' || c === '\n' || c === '\r' || c === '\t'
}

function nextNonSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && isSpace(text[at] as string)) at++
  return at
}

/** The position after the string's closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return Math.min(at + 1, text.length)
}

/** Where the comma or bracket stands that ends the value. */
function valueEnd(text: string, begin: number): number {
  let depth = 0
  let at = begin
  while (at < text.length) {
    const c = text[at] as string
    if (c === '"') {
      at = stringEnd(text, at)
      continue
    }
    if (depth === 0 && (c === ',' || c === '}' || c === ']')) break
    if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    at++
  }
  return at
}
