import { useDebouncedCallback } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { callQuery, postReplay, replaysQuery } from '../api/queries'
import type { Call } from '../api/types'
import { PanelSkeleton } from '../call/PanelSkeleton'
import { ProblemView } from '../components/ProblemView'
import { useReplayAddress } from './address'
import { Comparison } from './Comparison'
import { changeOf, draftOf, obstacle, withChange, type ReplayChange, type ReplayDraft } from './draft'
import { EarlierReplays } from './EarlierReplays'
import { ReplayForm } from './ReplayForm'
import classes from './ReplayPanel.module.css'

/** Sends a recorded call again, changed, and lays the answers side by side. */
export function ReplayPanel({ call, wide }: { call: Call; wide: boolean }) {
  const queryClient = useQueryClient()
  const [{ shown, change }, go] = useReplayAddress()
  const [draft, setDraft] = useState(() => withChange(draftOf(call), change))
  const outcome = useRef<HTMLDivElement>(null)
  const replayId = shown === 'new' ? null : shown
  const replay = useQuery({ ...callQuery(replayId ?? ''), enabled: replayId !== null })
  const keep = useDebouncedCallback(
    (next: ReplayDraft) => go({ shown, change: changeOf(call, next) }, true),
    400,
  )
  const send = useMutation({
    mutationFn: (next: ReplayChange) => postReplay(call.id, next),
    onSuccess: ({ replay: done }, next) => {
      queryClient.setQueryData(callQuery(done.id).queryKey, done)
      void queryClient.invalidateQueries({ queryKey: replaysQuery(call.id).queryKey })
      go({ shown: done.id, change: next })
    },
  })
  const settled = send.isSuccess || send.isError
  useEffect(() => {
    if (settled) outcome.current?.scrollIntoView({ block: 'nearest' })
  }, [settled, shown])

  const blocked = obstacle(call)
  return (
    <div className={classes.panel} data-wide={wide || undefined}>
      <div className={classes.form}>
        {blocked ? (
          <p role="note">{blocked}</p>
        ) : (
          <ReplayForm
            call={call}
            draft={draft}
            onDraft={(next) => {
              setDraft(next)
              keep(next)
            }}
            busy={send.isPending}
            onSend={(next) => send.mutate(next)}
          />
        )}
        <EarlierReplays id={call.id} shown={shown} />
      </div>
      <div className={classes.outcome} ref={outcome} aria-live="polite">
        {send.error && <ProblemView error={send.error} />}
        {replayId !== null &&
          (replay.data ? (
            <Comparison original={call} replay={replay.data} />
          ) : replay.error ? (
            <ProblemView error={replay.error} onRetry={() => void replay.refetch()} />
          ) : (
            <PanelSkeleton />
          ))}
      </div>
    </div>
  )
}
