import type { Call } from '../api/types'
import { formatDuration } from '../format/time'
import classes from './TimingBar.module.css'
import { timingParts } from './timing-parts'

/** Where the time went: queued, waiting for the first token, receiving. */
export function TimingBar({ call }: { call: Call }) {
  const { parts, total } = timingParts(call.time)
  const phases = Object.entries(call.time?.phases ?? {})
  if (total === 0)
    return <p className="dim">{call.status === 'running' ? 'Under way.' : 'No duration is on the record.'}</p>
  return (
    <div>
      <div className={classes.bar} aria-hidden="true">
        {parts.map((part) => (
          <span key={part.name} data-part={part.name} style={{ width: `${(part.millis / total) * 100}%` }} />
        ))}
      </div>
      <dl className={classes.legend}>
        {parts.map((part) => (
          <div key={part.name}>
            <dt data-part={part.name}>{part.label}</dt>
            <dd>{formatDuration(part.millis)}</dd>
          </div>
        ))}
        <div>
          <dt>Total</dt>
          <dd>
            <strong>{formatDuration(total)}</strong>
          </dd>
        </div>
        {phases.map(([name, millis]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatDuration(millis)}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
