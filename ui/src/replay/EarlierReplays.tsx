import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { replaysQuery } from '../api/queries'
import { StatusMark } from '../components/Mark'
import { Money } from '../components/Money'
import { TimeText } from '../components/TimeText'
import { comparisonSearch } from './address'
import classes from './ReplayPanel.module.css'

/** The replays that a call already has, each to be laid beside it. */
export function EarlierReplays({ id, shown }: { id: string; shown: string | null }) {
  const { data } = useQuery(replaysQuery(id))
  if (!data || data.calls.length === 0) return null
  return (
    <section aria-label="Replays of this call">
      <div className={classes.head}>
        <h3>Replays of this call</h3>
        <Link to="/" search={{ 'replay.of': id, range: 'all' }}>
          in the list
        </Link>
      </div>
      <ul className={classes.list}>
        {data.calls.map((call) => (
          <li key={call.id}>
            <Link to="." search={comparisonSearch(call.id)} data-here={call.id === shown || undefined}>
              <TimeText at={call.started_at} />
              <StatusMark status={call.status} iconOnly />
              <span className={classes.model}>{call.model?.requested}</span>
              <Money amount={call.cost?.total} currency={call.cost?.currency} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
