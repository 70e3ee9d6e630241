import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { asProblem } from '../api/problem'
import { typeChangesQuery } from '../api/prompt-type-queries'
import { TimeText } from '../components/TimeText'
import classes from '../components/ChangeList.module.css'
import { whatChanged } from './settings-words'

/** Who changed what, and why, the last first. */
export function ChangeHistory({ type }: { type: string }) {
  const { data, error } = useQuery(typeChangesQuery(type))
  if (error && !data) return <p className="dim">No history: {asProblem(error).title}</p>
  if (!data) return <Skeleton height={50} aria-label="Loading the history" />
  if (data.changes.length === 0)
    return <p className={classes.none}>Nothing was ever set: the defaults hold.</p>
  return (
    <ol className={classes.list} aria-label="History of changes">
      {data.changes.map((change) => (
        <li key={change.number}>
          <div className={classes.who}>
            <TimeText at={change.at} />
            <span className="dim">{change.by ?? 'nobody said who'}</span>
          </div>
          {change.after === null && <div>taken back</div>}
          {whatChanged(change).map(({ name, before, after }) => (
            <div key={name} className={classes.what}>
              {name}: <del>{before}</del> <span aria-hidden="true">→</span> <ins>{after}</ins>
            </div>
          ))}
          {change.reason && <div className={classes.why}>“{change.reason}”</div>}
        </li>
      ))}
    </ol>
  )
}
