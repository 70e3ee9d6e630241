import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../api/queries'
import { formatCount, plural } from '../format/number'
import classes from './ServerState.module.css'

/** One line on the server's health: whether it answers, and whether the view is behind the record. */
export function ServerState() {
  const { data, error } = useQuery(statusQuery())
  if (error) {
    return (
      <span className={classes.state} data-tone="bad" role="status">
        no connection
      </span>
    )
  }
  if (!data) return null
  const behind = data.store?.behind_records ?? 0
  return (
    <span
      className={classes.state}
      data-tone={behind > 0 ? 'warn' : 'good'}
      role="status"
      title={`Steno ${data.version ?? ''}\n${formatCount(data.store?.rows ?? 0)} calls on the record`}
    >
      {behind > 0 ? `${plural(behind, 'record')} on the way to the list` : 'recording'}
    </span>
  )
}
