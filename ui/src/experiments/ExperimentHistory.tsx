import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { asProblem } from '../api/problem'
import { experimentHistoryQuery } from '../api/experiment-queries'
import type { ExperimentChange } from '../api/experiment-types'
import type { Json } from '../api/types'
import { TimeText } from '../components/TimeText'
import classes from '../components/ChangeList.module.css'

/** Who did what with it, and why, the last first. */
export function ExperimentHistory({ name, revision }: { name: string; revision: number }) {
  const { data, error } = useQuery(experimentHistoryQuery(name, revision))
  if (error && !data) return <p className="dim">No history: {asProblem(error).title}</p>
  if (!data) return <Skeleton height={50} aria-label="Loading the history" />
  return (
    <ol className={classes.list} aria-label="History of changes">
      {data.changes.map((change) => (
        <li key={change.revision}>
          <div className={classes.who}>
            <span>
              <strong>{change.action}</strong> <TimeText at={change.at} />
            </span>
            <span className="dim">{change.by ?? 'nobody said who'}</span>
          </div>
          {change.action !== 'created' &&
            whatChanged(change).map(({ name: member, before, after }) => (
              <div key={member} className={classes.what}>
                {member}: <del>{before}</del> <span aria-hidden="true">→</span> <ins>{after}</ins>
              </div>
            ))}
          {change.reason && <div className={classes.why}>“{change.reason}”</div>}
        </li>
      ))}
    </ol>
  )
}

/** Member by member; of variants each by itself. */
function whatChanged({ before, after }: ExperimentChange) {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => name !== 'state')
    .flatMap((name) => {
      const [was, is] = [before[name], after[name]]
      if (name !== 'variants' || !Array.isArray(was) || !Array.isArray(is))
        return [{ name: name.replaceAll('_', ' '), before: say(was), after: say(is) }]
      return is.flatMap((variant, index) => {
        const [a, b] = [say(weightOf(was[index])), say(weightOf(variant))]
        return a === b ? [] : [{ name: nameOf(variant), before: a, after: b }]
      })
    })
}

function weightOf(variant: Json | undefined): Json {
  if (variant === null || typeof variant !== 'object' || Array.isArray(variant)) return null
  return variant.stopped === true ? 'stopped' : `weight ${String(variant.weight)}`
}

function nameOf(variant: Json): string {
  return variant !== null && typeof variant === 'object' && !Array.isArray(variant)
    ? String(variant.name)
    : ''
}

function say(value: Json | undefined): string {
  if (value === undefined || value === null || value === '') return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
