import { Button, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { callTextQuery, rawQuery } from '../api/queries'
import type { Call } from '../api/types'
import { CopyButton } from '../components/CopyButton'
import { ProblemView } from '../components/ProblemView'
import { indentJson } from '../format/json'
import classes from './RawTab.module.css'

type View = 'record' | 'request' | 'response'

/** The record's own JSON, every digit as served; and the exact bytes of both sides where they were kept. */
export function RawTab({ call }: { call: Call }) {
  const { id } = call
  const [view, setView] = useState<View>('record')
  const record = useQuery({ ...callTextQuery(id), enabled: view === 'record' })
  const side = view === 'response' ? 'response' : 'request'
  const kept = call.raw?.[side] !== undefined
  const raw = useQuery({ ...rawQuery(id, side), enabled: view !== 'record' && kept })
  const query = view === 'record' ? record : raw
  const text = useMemo(() => {
    const data = query.data ?? ''
    return /^\s*[{[]/.test(data) ? indentJson(data) : data
  }, [query.data])
  return (
    <div>
      <div className={classes.bar}>
        <SegmentedControl
          size="xs"
          aria-label="What to show"
          value={view}
          onChange={(value) => setView(value as View)}
          data={[
            { value: 'record', label: 'Record' },
            { value: 'request', label: 'Request bytes' },
            { value: 'response', label: 'Response bytes' },
          ]}
        />
        {text && <CopyButton text={text} what="text" />}
        {text && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => download(`${id}-${view}.${view === 'record' ? 'json' : 'txt'}`, query.data ?? '')}
          >
            Download
          </Button>
        )}
      </div>
      {query.error && <ProblemView error={query.error} onRetry={() => void query.refetch()} />}
      {view !== 'record' && (!kept || query.data === null) && (
        <p className="dim">
          The exact bytes of this side were not kept. The record above holds what was understood of them.
        </p>
      )}
      {text && <pre className={classes.text}>{text}</pre>}
    </div>
  )
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
