export interface ServerEvent {
  event: string
  data: string
}

/**
 * Splits a text/event-stream into events; chunks may be cut anywhere. Comments (": ping") yield nothing. One event is
 * bounded: a stream that never ends a line is not a stream of ours.
 */
export class SseParser {
  private buffer = ''
  private event = ''
  private data: string[] = []
  private static readonly kMaxBuffer = 4 * 1024 * 1024

  push(chunk: string): ServerEvent[] {
    this.buffer += chunk
    const events: ServerEvent[] = []
    for (;;) {
      const end = this.buffer.search(/[\r\n]/)
      if (end < 0) break
      const isCr = this.buffer[end] === '\r'
      // A lone \r at the very end may be the first half of \r\n.
      if (isCr && end === this.buffer.length - 1) break
      const line = this.buffer.slice(0, end)
      this.buffer = this.buffer.slice(end + (isCr && this.buffer[end + 1] === '\n' ? 2 : 1))
      this.takeLine(line, events)
    }
    if (this.buffer.length > SseParser.kMaxBuffer) throw new Error('event stream line too long')
    return events
  }

  private takeLine(line: string, events: ServerEvent[]): void {
    if (line === '') {
      if (this.data.length > 0) events.push({ event: this.event || 'message', data: this.data.join('\n') })
      this.event = ''
      this.data = []
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.event = value
    else if (field === 'data') this.data.push(value)
  }
}
