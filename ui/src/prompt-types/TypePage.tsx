import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { typeQuery, type TypeDetail } from '../api/prompt-type-queries'
import { CopyButton } from '../components/CopyButton'
import { Money } from '../components/Money'
import { ProblemView } from '../components/ProblemView'
import { TimeText } from '../components/TimeText'
import { formatCount, formatShare } from '../format/number'
import { ChangeHistory } from './ChangeHistory'
import { CostByDay } from './CostByDay'
import { LatestCall } from './LatestCall'
import { SettingsForm } from './SettingsForm'
import classes from './TypePage.module.css'

/** One prompt type: what it comes to, its latest call, its settings and who changed them. */
export function TypePage() {
  const type = useParams({ strict: false }).promptType ?? ''
  const { data, error, refetch } = useQuery(typeQuery(type))
  return (
    <div className={classes.page} key={type}>
      <header className={classes.head}>
        <Link to="/prompt-types" className="dim">
          Prompt types
        </Link>
        <span className="dim">/</span>
        <h1>{type}</h1>
        <CopyButton text={type} what="name" />
        {data && !data.settings.is_active && (
          <span className={classes.state} title="Figures alone are kept, and lists leave its calls out">
            not active
          </span>
        )}
        <span className={classes.gap} />
        {data && data.totals.calls > 0 && (
          <Link to="/" search={{ 'prompt.type': type, range: 'all' }}>
            Its calls →
          </Link>
        )}
      </header>
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={90} m={16} w="auto" aria-label="Loading the prompt type" />}
      {data && (
        <div className={classes.body}>
          <div className={classes.main}>
            <Totals of={data} />
            <CostByDay type={type} />
            <LatestCall one={data} />
          </div>
          <div className={classes.side}>
            <section aria-label="What is kept">
              <h2>What is kept</h2>
              <SettingsForm one={data} />
            </section>
            <section aria-label="History">
              <h2>History</h2>
              <ChangeHistory type={type} />
            </section>
          </div>
        </div>
      )}
    </div>
  )
}

function Totals({ of: { totals, budgets } }: { of: TypeDetail }) {
  const { cost, calls, failures } = totals
  return (
    <section aria-label="Totals">
      <dl className={classes.totals}>
        <div>
          <dt>Calls</dt>
          <dd>
            {formatCount(calls)}
            {totals.removed_calls > 0 && (
              <small title="They count, and are not on the record any more">
                {formatCount(totals.removed_calls)} removed by retention
              </small>
            )}
          </dd>
        </div>
        <div>
          <dt>Failures</dt>
          <dd data-bad={failures > 0 || undefined}>
            {formatCount(failures)}
            {failures > 0 && <small>{formatShare(totals.failure_rate ?? 0)}</small>}
          </dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>
            {cost.length === 0 && '—'}
            {cost.map((each) => (
              <div key={each.currency}>
                <Money amount={each.total} currency={each.currency} />
              </div>
            ))}
            {totals.unpriced_calls > 0 && (
              <small data-warn title="Their model has no known price; they are not in the sum">
                + {formatCount(totals.unpriced_calls)} unpriced
              </small>
            )}
          </dd>
        </div>
        <div>
          <dt>On average</dt>
          <dd>
            {cost.length === 0 && '—'}
            {cost.map((each) => (
              <div key={each.currency} title={`over ${formatCount(each.calls)} calls that have a cost`}>
                <Money amount={each.average} currency={each.currency} />
              </div>
            ))}
          </dd>
        </div>
        <div>
          <dt>First called</dt>
          <dd>
            <TimeText at={totals.first_called_at ?? undefined} />
          </dd>
        </div>
        <div>
          <dt>Last called</dt>
          <dd>
            <TimeText at={totals.last_called_at ?? undefined} />
          </dd>
        </div>
        {budgets.length > 0 && (
          <div>
            <dt>{budgets.length === 1 ? 'Budget' : 'Budgets'}</dt>
            <dd>{budgets.join(', ')}</dd>
          </div>
        )}
      </dl>
    </section>
  )
}
