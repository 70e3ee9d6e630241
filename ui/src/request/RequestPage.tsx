import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { requestQuery } from '../api/queries'
import { CopyButton } from '../components/CopyButton'
import { ProblemView } from '../components/ProblemView'
import classes from './RequestPage.module.css'
import { RequestFigures } from './RequestFigures'
import { treeRows, treeSpan } from './tree'
import { Waterfall } from './Waterfall'

/** One request: all its calls as a tree, with when and how long. */
export function RequestPage() {
  const id = useParams({ strict: false }).requestId ?? ''
  const { data, error, refetch } = useQuery(requestQuery(id))
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => (data ? treeRows(data.tree, folded) : []), [data, folded])
  const parents = useMemo(
    () => (data ? treeRows(data.tree, new Set()).filter((row) => row.hasChildren) : []),
    [data],
  )
  const millis = useMemo(() => {
    const span = treeSpan(data?.tree ?? [])
    return Number(span.to - span.from) / 1e6
  }, [data])
  const flip = (callId: string) => {
    const next = new Set(folded)
    if (!next.delete(callId)) next.add(callId)
    setFolded(next)
  }
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Link to="/" className="dim">
          Calls
        </Link>
        <span className="dim">/</span>
        <h1>
          Request <span className="mono">{id}</span>
        </h1>
        <CopyButton text={id} what="request id" />
        <span className={classes.gap} />
        {parents.length > 0 && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() =>
              setFolded(folded.size > 0 ? new Set() : new Set(parents.map((row) => row.call.id)))
            }
          >
            {folded.size > 0 ? 'Unfold all' : 'Fold all'}
          </Button>
        )}
        <Link to="/" search={{ 'trace.request_id': id, range: 'all' }}>
          As a list
        </Link>
      </header>
      {error && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={60} m={16} w="auto" aria-label="Loading the request" />}
      {data && (
        <>
          <RequestFigures summary={data.summary} />
          {data.truncated && (
            <p className={classes.cut}>
              This request has more calls than are shown here; “As a list” has them all.
            </p>
          )}
          <Waterfall rows={rows} millis={millis} folded={folded} onFlip={flip} />
        </>
      )}
    </div>
  )
}
