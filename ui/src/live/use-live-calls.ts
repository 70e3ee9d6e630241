import { useDocumentVisibility } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Problem } from '../api/problem'
import type { Call } from '../api/types'
import { keepLive, type LiveCall } from './merge'
import { followLive } from './stream'

export type LiveState = 'off' | 'connecting' | 'live' | 'down'

const batchMs = 100
const sumsMs = 2500

/**
 * The calls that the live stream told of since `params` were chosen. Follows only while `enabled` and while the page is
 * visible (a browser allows few connections to one server, and nobody looks); on return the lists are fetched again, so
 * nothing is missed. News is applied in batches; sums are asked anew at most every 2.5 s.
 */
export function useLiveCalls(params: string, enabled: boolean) {
  const queryClient = useQueryClient()
  const visible = useDocumentVisibility() !== 'hidden'
  const [calls, setCalls] = useState<ReadonlyMap<string, LiveCall>>(new Map())
  const [state, setState] = useState<LiveState>('off')
  const [problem, setProblem] = useState<Problem | null>(null)
  const follow = enabled && visible

  useEffect(() => {
    setCalls(new Map())
  }, [params])

  useEffect(() => {
    if (!follow) {
      setState('off')
      return
    }
    const stop = new AbortController()
    let pending: Call[] = []
    let batch: ReturnType<typeof setTimeout> | undefined
    let sums: ReturnType<typeof setTimeout> | undefined
    const apply = () => {
      batch = undefined
      const news = pending
      pending = []
      setCalls((known) => keepLive(known, news, Date.now()))
      if (!news.some((call) => call.status !== 'running')) return
      sums ??= setTimeout(() => {
        sums = undefined
        void queryClient.invalidateQueries({ queryKey: ['aggregate'] })
      }, sumsMs)
    }
    let wasDown = false
    setState('connecting')
    void followLive(
      params,
      {
        onCall: (call) => {
          pending.push(call)
          batch ??= setTimeout(apply, batchMs)
        },
        onOpen: (again) => {
          setState('live')
          setProblem(null)
          if (again || wasDown) void queryClient.invalidateQueries()
        },
        onGap: () => void queryClient.invalidateQueries({ queryKey: ['calls'] }),
        onDown: (why) => {
          wasDown = true
          setState('down')
          setProblem(why)
        },
      },
      stop.signal,
    )
    return () => {
      stop.abort()
      clearTimeout(batch)
      clearTimeout(sums)
      // What the stream would have told from now on has to be fetched when it is followed again.
      void queryClient.invalidateQueries({ queryKey: ['calls'], refetchType: 'none' })
    }
  }, [params, follow, queryClient])

  return { calls, state, problem }
}
