import { useInterval } from '@mantine/hooks'
import { useMemo, useState } from 'react'

const minute = 60_000

/** The present to the minute: what is relative to it moves along, and is not asked for more often. */
export function useMinute(): Date {
  const [tick, setTick] = useState(() => Math.floor(Date.now() / minute))
  useInterval(() => setTick(Math.floor(Date.now() / minute)), 10_000, { autoInvoke: true })
  return useMemo(() => new Date(tick * minute), [tick])
}
