import type { VersionUse } from '../api/registry-types'
import { epochMillis } from '../format/time'

/** The scale of a small chart: from zero, unless all values are far from it. */
export function scaleOf(values: (number | null)[], share: boolean): { low: number; high: number } {
  const known = values.filter((value) => value !== null)
  const least = Math.min(...known)
  const most = Math.max(...known)
  if (least === most) {
    // One level: in the middle, and of a share never above all.
    const room = Math.abs(most) / 2 || 1
    return share
      ? { low: Math.max(0, most - 0.1), high: Math.min(1, most + 0.1) }
      : { low: most - room, high: most + room }
  }
  const low = least >= 0 && least < most / 2 ? 0 : least - (most - least) * 0.1
  const high = most + (most - least) * 0.1
  return share ? { low: Math.max(0, low), high: Math.min(1, high) } : { low, high }
}

/** Runs of days that have a value, as indexes: where no call says it, the line is broken. */
export function runsOf(values: (number | null)[]): number[][] {
  const runs: number[][] = []
  let run: number[] = []
  values.forEach((value, index) => {
    if (value !== null) {
      run.push(index)
    } else if (run.length > 0) {
      runs.push(run)
      run = []
    }
  })
  if (run.length > 0) runs.push(run)
  return runs
}

export interface VersionStart {
  version: string
  /** The day it was first called, as an index. */
  day: number
}

/** The versions that were called first within these days; those of the first day may be older. */
export function startsOf(versions: VersionUse[], days: { begin: string }[]): VersionStart[] {
  const begins = days.map((day) => epochMillis(day.begin) ?? 0)
  return versions.flatMap(({ version, first_call }) => {
    const at = epochMillis(first_call ?? undefined)
    if (at === null) return []
    const day = begins.findLastIndex((begin) => begin <= at)
    return day > 0 ? [{ version, day }] : []
  })
}
