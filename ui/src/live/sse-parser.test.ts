import { describe, expect, it } from 'vitest'
import { SseParser, type ServerEvent } from './sse-parser'

const stream =
  ': ping\n\nevent: call\ndata: {"id":"a"}\n\nevent: call\r\ndata: one\r\ndata:two\r\n\r\ndata: x\n\n'
const expected: ServerEvent[] = [
  { event: 'call', data: '{"id":"a"}' },
  { event: 'call', data: 'one\ntwo' },
  { event: 'message', data: 'x' },
]

describe('SseParser', () => {
  it('reads a whole stream', () => {
    expect(new SseParser().push(stream)).toEqual(expected)
  })
  it('does not care where the stream is cut', () => {
    for (let size = 1; size < 9; size++) {
      const parser = new SseParser()
      const events: ServerEvent[] = []
      for (let at = 0; at < stream.length; at += size)
        events.push(...parser.push(stream.slice(at, at + size)))
      expect(events).toEqual(expected)
    }
  })
  it('gives nothing for an event that is not finished', () => {
    expect(new SseParser().push('event: call\ndata: {"id"')).toEqual([])
  })
  it('refuses an endless line', () => {
    const parser = new SseParser()
    const block = 'x'.repeat(1024 * 1024)
    expect(() => {
      for (let i = 0; i < 6; i++) parser.push(block)
    }).toThrow('too long')
  })
})
