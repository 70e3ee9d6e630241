import type { Attempt } from '../api/types'
import { formatDuration } from '../format/time'
import classes from './NumberTable.module.css'

export function Attempts({ attempts }: { attempts: Attempt[] }) {
  return (
    <table className={`${classes.table} ${classes.words}`}>
      <thead>
        <tr>
          <th>Try</th>
          <th>At</th>
          <th>Outcome</th>
          <th style={{ textAlign: 'right' }}>Duration</th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((attempt, index) => (
          <tr key={index}>
            <th scope="row">{index + 1}</th>
            <td>{[attempt.provider, attempt.model].filter(Boolean).join(' · ')}</td>
            <td>{[attempt.http_status, attempt.reason ?? attempt.status].filter(Boolean).join(' ')}</td>
            <td data-right>{attempt.duration_ms === undefined ? '' : formatDuration(attempt.duration_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
