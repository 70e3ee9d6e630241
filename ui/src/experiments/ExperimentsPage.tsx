import { Button, SegmentedControl, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Experiment } from '../api/experiment-types'
import { experimentListQuery } from '../api/experiment-queries'
import { CopyButton } from '../components/CopyButton'
import { ProblemView } from '../components/ProblemView'
import { SearchBox } from '../components/SearchBox'
import { TimeText } from '../components/TimeText'
import { formatShare, plural } from '../format/number'
import { metricName } from '../performance/metrics'
import type { SearchRecord } from '../state/list-state'
import { useRowKeys } from '../state/use-row-keys'
import { sayRule, sayUnits, shareOf } from './experiment-words'
import classes from './ExperimentsPage.module.css'
import { createCommand, NoExperiments } from './NoExperiments'
import { Subject } from './Subject'
import { StateMark } from './StateMark'

const states = ['running', 'paused', 'draft', 'concluded'] as const

/** The live experiments: what is compared, with whom, and how each stands. */
export function ExperimentsPage() {
  const search = useSearch({ strict: false }) as SearchRecord
  const navigate = useNavigate()
  const { text = '', state = '' } = search
  const setFilter = (next: SearchRecord, replace = false) =>
    void navigate({
      to: '/experiments',
      search: Object.fromEntries(Object.entries({ text, state, ...next }).filter(([, value]) => value)),
      replace,
    })
  const { data, error, refetch } = useQuery(experimentListQuery())
  const rows = data?.experiments.filter(
    (each) =>
      (state === '' || each.state === state) &&
      [each.name, each.description, each.prompt, each.prompt_type].some((word) =>
        word.toLowerCase().includes(text.toLowerCase()),
      ),
  )
  const active = useRowKeys(
    (rows ?? []).map(({ name }) => name),
    (name) => void navigate({ to: '/experiments/$experimentName', params: { experimentName: name } }),
  )
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Experiments</h1>
        <SearchBox
          words="Search names, descriptions, prompts"
          text={text}
          onText={(next) => setFilter({ text: next }, true)}
          className={classes.search}
        />
        <SegmentedControl
          size="xs"
          aria-label="State"
          value={state}
          onChange={(next) => setFilter({ state: next })}
          data={[{ value: '', label: 'all' }, ...states.map((each) => ({ value: each, label: each }))]}
        />
        <span className={classes.gap} />
        <span className="dim" role="status">
          {rows && plural(rows.length, 'experiment')}
        </span>
      </header>
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={60} m={16} w="auto" aria-label="Loading the experiments" />}
      {data && data.experiments.length === 0 && <NoExperiments />}
      {rows && rows.length === 0 && data && data.experiments.length > 0 && (
        <p className={classes.none}>
          No experiment fits.{' '}
          <Button size="compact-sm" variant="default" onClick={() => setFilter({ text: '', state: '' })}>
            Remove the filters
          </Button>
        </p>
      )}
      {rows && rows.length > 0 && (
        <div className={classes.scroll}>
          <table className={classes.table} aria-label="Experiments">
            <thead>
              <tr>
                <th scope="col">Experiment</th>
                <th scope="col">State</th>
                <th scope="col">On</th>
                <th scope="col">Variants</th>
                <th scope="col">Decided by</th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((each) => (
                <Row key={each.id} of={each} active={each.name === active} />
              ))}
            </tbody>
          </table>
          <p className={classes.another}>
            Another one, made on the command line: <code>{createCommand}</code>
            <CopyButton text={createCommand} what="command" />
          </p>
        </div>
      )}
    </div>
  )
}

function Row({ of, active }: { of: Experiment; active: boolean }) {
  const navigate = useNavigate()
  const to = { to: '/experiments/$experimentName' as const, params: { experimentName: of.name } }
  return (
    <tr
      data-active={active || undefined}
      onClick={(event) => {
        // Marking text is not choosing a row; links are their own.
        if (window.getSelection()?.toString() || (event.target as HTMLElement).closest('a')) return
        void navigate(to)
      }}
    >
      <th scope="row" className={classes.name}>
        <Link {...to} className={classes.link}>
          {of.name}
        </Link>
        {of.description && <div className={classes.description}>{of.description}</div>}
      </th>
      <td>
        <StateMark state={of.state} />
        {of.state === 'concluded' && (
          <div className="dim">{of.winner ? `winner ${of.winner}` : 'no winner'}</div>
        )}
      </td>
      <td className={classes.on}>
        <Subject of={of} />
        <div className="dim">{sayUnits(of)}</div>
      </td>
      <td className={classes.on}>
        {of.variants.map((variant) => (
          <div key={variant.name}>
            {variant.name}{' '}
            <span className="dim">
              {variant.stopped ? 'stopped' : formatShare(shareOf(variant, of.variants))}
            </span>
          </div>
        ))}
      </td>
      <td>
        {metricName(of.metric)}
        <div className="dim">{sayRule(of.rule)}</div>
      </td>
      <td data-label="Started">
        <TimeText at={of.started_at ?? undefined} />
      </td>
    </tr>
  )
}
