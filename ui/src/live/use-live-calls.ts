import { useDocumentVisibility } from '@mantine/hooks'
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Problem } from '../api/problem'
import type { Call } from '../api/types'
import { keepLive, type LiveCall } from './merge'
import { followLive } from './stream'

export type LiveState = 'off' | 'connecting' | 'live' | 'down'

const batchMs = 100
const sumsMs = 2500

/**
 * The calls that the live stream told of since `params` were chosen. Follows only while `enabled` and while the page is
 * visible (a browser allows few connections to one server, and nobody looks). News is applied in batches; sums are asked anew at most every 2.5 s.
 */
export function useLiveCalls(params: string, enabled: boolean) {
  const queryClient = useQueryClient()
  const visible = useDocumentVisibility() !== 'hidden'
  const [calls, setCalls] = useState<ReadonlyMap<string, LiveCall>>(new Map())
  const [state, setState] = useState<LiveState>('off')
  const [problem, setProblem] = useState<Problem | null>(null)
  const follow = enabled && visible
  const stopped = useRef(false)

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
          void catchUp(queryClient)
          if (again || stopped.current) void queryClient.invalidateQueries({ queryKey: ['aggregate'] })
        },
        onGap: () => void queryClient.invalidateQueries({ queryKey: ['calls'] }),
        onDown: (why) => {
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
      stopped.current = true
    }
  }, [params, follow, queryClient])

  return { calls, state, problem }
}

/**
 * Fetches the list again once the stream stands: what ended between the last fetch and now, neither has told. A fetch
 * under way may have read before the stream stood, so it is let through and followed by another.
 */
async function catchUp(queryClient: QueryClient): Promise<void> {
  const list = { queryKey: ['calls'] }
  const underWay = queryClient.isFetching(list) > 0
  await queryClient.invalidateQueries(list, { cancelRefetch: false })
  if (underWay) await queryClient.invalidateQueries(list)
}
