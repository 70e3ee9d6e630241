import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../api/queries'
import type { ServerStatus } from '../api/types'
import { formatCount, plural } from '../format/number'
import classes from './ServerState.module.css'

type Tone = 'good' | 'warn' | 'bad'

/** One line on the server's health: whether it records, and whether the view is behind the record. */
export function ServerState() {
  const { data, error } = useQuery(statusQuery())
  if (!data && !error) return null
  const [tone, words, more] = error ? (['bad', 'no connection', ''] as const) : judge(data as ServerStatus)
  return (
    <span className={classes.state} data-tone={tone} role="status" title={more}>
      {words}
    </span>
  )
}

function judge(status: ServerStatus): [Tone, string, string] {
  const { journal, store } = status
  if (journal?.healthy === false) return ['bad', 'the journal cannot be written', journal.last_error ?? '']
  const lost = status.records_lost ?? 0
  if (lost > 0) return ['bad', `${plural(lost, 'record')} lost`, 'The disk refused them for too long.']
  if (store?.opening)
    return ['warn', 'recording; the list comes in a moment', 'The store is still being opened.']
  if (store?.healthy === false) return ['warn', 'recording; the list stands still', store.last_error ?? '']
  const unreadable = journal?.unreadable_places ?? 0
  if (unreadable > 0)
    return [
      'warn',
      `recording; ${plural(unreadable, 'place')} of the journal unreadable`,
      ['Calls may be missing; steno verify says why.', ...(journal?.unreadable ?? [])].join('\n'),
    ]
  const behind = store?.behind_records ?? 0
  const kept = `Steno ${status.version ?? ''}\n${formatCount(store?.rows ?? 0)} calls on the record`
  // A few records are always on their way under load.
  return behind > 1000
    ? ['warn', `recording; the list is ${plural(behind, 'record')} behind`, kept]
    : ['good', 'recording', kept]
}
