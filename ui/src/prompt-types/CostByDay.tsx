import { SegmentedControl, Skeleton } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { aggregateQuery, aiKinds } from '../api/queries'
import type { AggregateGroup } from '../api/types'
import { formatMoney } from '../format/money'
import { formatCount, formatShare, plural } from '../format/number'
import { useMinute } from '../state/use-minute'
import classes from './CostByDay.module.css'
import { DayBars } from './DayBars'
import { firstOfDays, toDays, type Day } from './days'

type Measure = 'cost' | 'calls'

/** What the type costs, and how often it is called, day by day. */
export function CostByDay({ type }: { type: string }) {
  const [count, setCount] = useState('30')
  const [measure, setMeasure] = useState<Measure>('cost')
  const now = useMinute()
  const span = Number(count)
  const asked = new URLSearchParams({
    'prompt.type': type,
    'kind.in': aiKinds,
    from: firstOfDays(span, now).toISOString(),
    measures: 'calls,errors,cost',
  })
  const sums = useQuery({ ...aggregateQuery(asked.toString()), placeholderData: keepPreviousData })
  const daily = new URLSearchParams(asked)
  daily.set('bucket', 'day')
  daily.set('tz', Intl.DateTimeFormat().resolvedOptions().timeZone)
  daily.set('limit', '1000')
  const { data, error } = useQuery({ ...aggregateQuery(daily.toString()), placeholderData: keepPreviousData })
  const all = sums.data?.groups[0]
  const currency = all?.cost?.currency
  return (
    <section aria-label="Day by day" className={classes.trend}>
      <header>
        <h2>Day by day</h2>
        <SegmentedControl
          size="xs"
          aria-label="What is shown"
          value={measure}
          onChange={(value) => setMeasure(value as Measure)}
          data={[
            { value: 'cost', label: 'Cost' },
            { value: 'calls', label: 'Calls' },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label="How many days"
          value={count}
          onChange={setCount}
          data={[
            { value: '30', label: '30 days' },
            { value: '90', label: '90' },
            { value: '365', label: 'a year' },
          ]}
        />
      </header>
      {error && !data && <p className="dim">No chart: {asProblem(error).title}</p>}
      {!data && !error && <Skeleton height={92} aria-label="Loading the days" />}
      {data && (
        <DayBars
          name={measure === 'cost' ? 'Cost by day' : 'Calls by day'}
          bars={toDays(data.groups, span, now).map((day) => ({
            date: day.date,
            size: measure === 'cost' ? Number(day.cost ?? 0) : day.calls,
            bad: measure === 'cost' ? 0 : day.errors,
            words: wordsOf(day, currency),
          }))}
          caption={captionOf(all, span)}
        />
      )}
    </section>
  )
}

function wordsOf({ calls, errors, cost }: Pick<Day, 'calls' | 'errors' | 'cost'>, currency?: string): string {
  return [
    cost === undefined ? 'no cost' : formatMoney(cost, currency),
    plural(calls, 'call'),
    ...(errors > 0 ? [`${formatCount(errors)} failed (${formatShare(errors / calls)})`] : []),
  ].join(' · ')
}

function captionOf(all: AggregateGroup | undefined, days: number): string {
  if (!all?.calls) return `no call in ${days} days`
  const { calls, errors = 0, cost } = all
  return `${wordsOf({ calls, errors, cost: cost?.total }, cost?.currency)} in ${days} days`
}
