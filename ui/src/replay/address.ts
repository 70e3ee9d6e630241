import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { withoutPanel, type OldSearch, type SearchRecord } from '../state/list-state'
import { readChange, writeChange, type ReplayChange } from './draft'

/** "new": the form is open and nothing was sent yet; else the id of the replay beside its original. */
export interface ReplayAddress {
  shown: string | null
  change: ReplayChange
}

/** What the address says of the replay panel, and how to say something else. */
export function useReplayAddress() {
  const search = useSearch({ strict: false }) as SearchRecord
  const navigate = useNavigate()
  const address: ReplayAddress = { shown: search.replay ?? null, change: readChange(search.replay_change) }
  const go = useCallback(
    (next: ReplayAddress | null, replace = false) =>
      void navigate({
        to: '.',
        search: (old: OldSearch) => ({ ...withoutPanel(old), ...(next ? written(next) : {}) }),
        replace,
      }),
    [navigate],
  )
  return [address, go] as const
}

/** The search part of a link to a replay beside its original. */
export function comparisonSearch(replayId: string) {
  return (old: OldSearch): SearchRecord => ({ ...withoutPanel(old), replay: replayId })
}

function written({ shown, change }: ReplayAddress): SearchRecord {
  const text = writeChange(change)
  return { replay: shown ?? 'new', ...(text ? { replay_change: text } : {}) }
}
