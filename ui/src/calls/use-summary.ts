import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { aggregateQuery } from '../api/queries'
import { epochMillis } from '../format/time'
import { apiParams, type ListState } from '../state/list-state'
import { rangeBounds } from '../state/time-range'
import { useMinute } from '../state/use-minute'
import { bucketFor, toBars } from './buckets'

/** Sums over the current filter, and bars over time. A relative range moves along every minute. */
export function useSummary(state: ListState) {
  const now = useMinute()
  const bounds = rangeBounds(state, now)
  const bucket = bucketFor(state, bounds.from, bounds.to)

  const base = apiParams(state, now)
  const totals = new URLSearchParams(base)
  totals.set('measures', 'calls,errors,error_rate,input_tokens,output_tokens,cost,duration_p50,duration_p95')
  const overTime = new URLSearchParams(base)
  overTime.set('measures', 'calls,errors')
  overTime.set('bucket', bucket)
  overTime.set('tz', String(-now.getTimezoneOffset()))
  overTime.set('limit', '1000')

  // The server makes no sums over a text search: they would be over previews only, and wrong.
  const enabled = state.text === ''
  const sums = useQuery({ ...aggregateQuery(totals.toString()), placeholderData: keepPreviousData, enabled })
  const series = useQuery({
    ...aggregateQuery(overTime.toString()),
    placeholderData: keepPreviousData,
    enabled,
  })
  const bars = useMemo(() => {
    const to = state.range === 'all' ? null : (epochMillis(bounds.to) ?? Date.now())
    return toBars(series.data?.groups ?? [], bucket, epochMillis(bounds.from), to)
  }, [series.data, bucket, bounds.from, bounds.to, state.range])
  return { sums, bars, loadingBars: enabled && series.isPending, enabled }
}
