import { JsonView } from '../components/JsonView'
import { formatCount, plural } from '../format/number'
import { readEmbedding } from '../format/embedding'

/** What came back of an embedding: the record keeps how many vectors and how long, not the numbers themselves. */
export function EmbeddingView({ output }: { output: unknown }) {
  const embedding = readEmbedding(output)
  if (!embedding) return <JsonView value={output} />
  const { count, dimensions, first } = embedding
  return (
    <>
      <p>
        <strong>{plural(count, 'vector')}</strong> of {formatCount(dimensions)} dimensions
      </p>
      {first.length > 0 ? (
        <p className="mono">[{first.join(', ')}, …]</p>
      ) : (
        <p className="dim">The numbers themselves are not kept on the record.</p>
      )}
    </>
  )
}
