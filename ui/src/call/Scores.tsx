import type { Score } from '../api/types'
import classes from './NumberTable.module.css'

export function Scores({ scores }: { scores: Record<string, Score> }) {
  return (
    <table className={classes.table}>
      <tbody>
        {Object.entries(scores).map(([name, score]) => (
          <tr key={name}>
            <th scope="row">
              {name} <span className="dim">{[score.source, score.by].filter(Boolean).join(', ')}</span>
              {score.explanation && <div className="dim">{score.explanation}</div>}
            </th>
            <td>{written(score)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function written(score: Score): string {
  if (score.value === undefined) return score.label ?? '—'
  return score.max === undefined ? String(score.value) : `${score.value} of ${score.min ?? 0}–${score.max}`
}
