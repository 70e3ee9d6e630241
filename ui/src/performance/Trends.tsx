import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { trendsQuery } from '../api/prompt-queries'
import { asProblem } from '../api/problem'
import { CopyButton } from '../components/CopyButton'
import type { RangeName } from '../state/time-range'
import { metricName } from './metrics'
import classes from './Trends.module.css'
import { TrendChart } from './TrendChart'

/** The server makes trends of so many days at most; a few fewer, for days that are not 24 hours long. */
const mostDays = 1095
const kLeastDays = 3

interface Props {
  name: string
  params: URLSearchParams
  range: RangeName
  /** When the first of the calls began. */
  first: string | null
}

/** Each metric day by day, where it changed for good, and what became worse. */
export function Trends({ name, params, range, first }: Props) {
  const asked = new URLSearchParams(params)
  const earliest = new Date(Math.floor(Date.now() / 86_400_000 - mostDays) * 86_400_000).toISOString()
  if (range === 'all') asked.set('from', first !== null && first > earliest ? first : earliest)
  const { data, error, isPlaceholderData } = useQuery(trendsQuery(name, asked.toString()))
  const drawn = data?.series.filter(
    (each) => each.values.filter((value) => value !== null).length >= kLeastDays,
  )
  return (
    <section aria-label="Day by day" aria-busy={isPlaceholderData}>
      <h2>Day by day</h2>
      {error && !data && <p className="dim">No trends: {asProblem(error).message}</p>}
      {!data && !error && <Skeleton height={90} aria-label="Loading the trends" />}
      {data && data.degradations.length > 0 && (
        <div className={classes.worse} role="note">
          <strong>Worse, and so it stayed:</strong>
          <ul>
            {data.degradations.map((each) => (
              <li key={each.metric}>
                {each.sentence}
                {each.alert && (
                  <div className={classes.command}>
                    <code className="mono">{each.alert}</code>
                    <CopyButton text={each.alert} what={`the alert on ${metricName(each.metric)}`} />
                  </div>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
      {drawn && drawn.length === 0 && (
        <p className="dim">Charts need calls on three days at least: look at a longer time.</p>
      )}
      {data && drawn && drawn.length > 0 && (
        <p className="dim">
          Beside each name its lowest and highest day. A dashed line: the version beside it was called for the
          first time.
        </p>
      )}
      {data && drawn && drawn.length > 0 && (
        <div className={classes.charts}>
          {drawn.map((series) => (
            <TrendChart key={series.metric} series={series} days={data.days} versions={data.versions} />
          ))}
        </div>
      )}
    </section>
  )
}
