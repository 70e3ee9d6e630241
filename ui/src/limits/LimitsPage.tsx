import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { limitsQuery } from '../api/queries'
import type { LimitState, LimitWindow } from '../api/types'
import { ProblemView } from '../components/ProblemView'
import { TimeText } from '../components/TimeText'
import { formatCount, formatShare } from '../format/number'
import { formatDuration } from '../format/time'
import classes from './LimitsPage.module.css'

/** What the providers said last of their rate limits and quotas, for each key and model. */
export function LimitsPage() {
  const { data, error, refetch } = useQuery(limitsQuery())
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Limits</h1>
        <span className="dim">
          what the providers said last, for each key and model; the most pressing first
        </span>
      </header>
      {error && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={60} m={16} w="auto" aria-label="Loading the limits" />}
      {data && data.limits.length === 0 && (
        <p className={classes.none}>
          No provider has told of a limit yet. They do so with their answers, or when they refuse one.
        </p>
      )}
      {data && data.limits.length > 0 && (
        <div className={classes.scroll}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col" className={classes.wide}>
                  Key
                </th>
                <th scope="col">Now</th>
                <th scope="col">Limit</th>
                <th className={classes.wide} />
                <th scope="col" className={classes.number}>
                  Left
                </th>
                <th scope="col">Full</th>
                <th scope="col" className={classes.wide}>
                  Last told
                </th>
              </tr>
            </thead>
            {data.limits.map((state) => (
              <StateRows
                key={[state.provider, state.host, state.api_key_id, state.model].join('\n')}
                state={state}
              />
            ))}
          </table>
        </div>
      )}
    </div>
  )
}

function StateRows({ state }: { state: LimitState }) {
  const rows: (LimitWindow | null)[] = state.windows.length > 0 ? state.windows : [null]
  const advice = state.exhausted ? state.last_refused?.advice : undefined
  return (
    <tbody>
      {rows.map((window, index) => (
        <tr key={window?.name ?? ''}>
          {index === 0 && (
            <>
              <th scope="rowgroup" rowSpan={rows.length}>
                {state.model || <span className="dim">(no model)</span>}
                <div className="dim">{state.provider}</div>
              </th>
              <td rowSpan={rows.length} className={classes.wide}>
                {state.api_key_id && (
                  <Link
                    to="/"
                    search={{ 'who.api_key_id': state.api_key_id, range: 'all' }}
                    className="mono"
                    title="The calls with this key"
                  >
                    {state.api_key_id}
                  </Link>
                )}
              </td>
              <td rowSpan={rows.length}>
                <Now state={state} />
              </td>
            </>
          )}
          <WindowCells window={window} lastSeen={state.last_seen} />
        </tr>
      ))}
      {advice && (
        <tr>
          <td colSpan={8} className={classes.advice}>
            {advice}
          </td>
        </tr>
      )}
    </tbody>
  )
}

function Now({ state }: { state: LimitState }) {
  if (!state.exhausted) return <span className={classes.good}>✓ open</span>
  return (
    <span className={classes.bad}>
      ✕ used up
      {state.available_in_ms !== undefined && <> for {formatDuration(state.available_in_ms)}</>}
    </span>
  )
}

function WindowCells({ window, lastSeen }: { window: LimitWindow | null; lastSeen: string }) {
  if (!window)
    return (
      <>
        <td className={classes.wide} />
        <td colSpan={3} />
        <td className={classes.wide}>
          <TimeText at={lastSeen} />
        </td>
      </>
    )
  const { limit, remaining, resets_in_ms: resets, told_remaining: told } = window
  const share = limit && remaining !== undefined ? remaining / limit : undefined
  const past = resets === 0
  return (
    <>
      <td>{window.name.replaceAll('_', ' ')}</td>
      <td className={classes.wide}>
        {share !== undefined && (
          <span className={classes.bar} title={formatShare(share)}>
            <span
              data-level={share <= 0 ? 'none' : share < 0.2 ? 'low' : undefined}
              style={{ width: `${Math.min(100, share * 100)}%` }}
            />
          </span>
        )}
      </td>
      <td className={classes.number}>
        {past && told !== undefined ? (
          <span className="dim" title="What was left when it was told last; nobody has said since.">
            was {formatCount(told)}
          </span>
        ) : (
          remaining !== undefined && formatCount(remaining)
        )}
        {limit !== undefined && <span className="dim"> of {formatCount(limit)}</span>}
      </td>
      <td>
        {resets === undefined ? (
          ''
        ) : past ? (
          <span className={classes.good}>full again</span>
        ) : (
          `in ${formatDuration(resets)}`
        )}
      </td>
      <td className={classes.wide}>
        <TimeText at={window.told_at} />
      </td>
    </>
  )
}
