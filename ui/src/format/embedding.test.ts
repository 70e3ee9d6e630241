import { describe, expect, it } from 'vitest'
import { describeEmbedding, plainInput, readEmbedding } from './embedding'

describe('embeddings', () => {
  it('are a number of vectors and their length', () => {
    expect(readEmbedding({ count: 2, dimensions: 1536 })).toEqual({ count: 2, dimensions: 1536, first: [] })
    expect(readEmbedding({ count: 1, dimensions: 3, first: [0.1, -1, 2] })?.first).toEqual([0.1, -1, 2])
    expect(readEmbedding({ count: 2 })).toBeNull()
    expect(readEmbedding('x')).toBeNull()
  })
  it('are told in words in a list', () => {
    expect(describeEmbedding('{"count":2,"dimensions":1536}')).toBe('2 × 1,536 dimensions')
    expect(describeEmbedding('{"other":1}')).toBeNull()
    expect(describeEmbedding(undefined)).toBeNull()
  })
  it('show the first text that was embedded, cut or whole', () => {
    expect(plainInput('"a \\"b\\""')).toBe('a "b"')
    expect(plainInput('"cut of')).toBe('cut of')
    expect(plainInput('{"parts":[{"text":"Interview: the cust')).toBe('Interview: the cust')
    expect(plainInput('["one","two"]')).toBe('one')
    expect(plainInput('{"parts":1}')).toBe('{"parts":1}')
    expect(plainInput('plain')).toBe('plain')
  })
})
