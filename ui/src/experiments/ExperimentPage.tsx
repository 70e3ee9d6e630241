import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Experiment } from '../api/experiment-types'
import { experimentQuery, type ExperimentAction } from '../api/experiment-queries'
import { CopyButton } from '../components/CopyButton'
import { ProblemView } from '../components/ProblemView'
import { ActionDialog } from './ActionDialog'
import { ExperimentFacts } from './ExperimentFacts'
import { ExperimentHistory } from './ExperimentHistory'
import classes from './ExperimentPage.module.css'
import { ResultView } from './ResultView'
import { StateMark } from './StateMark'

/** One experiment: what it has shown, what it asks, and the ways to go on with it. */
export function ExperimentPage() {
  const name = useParams({ strict: false }).experimentName ?? ''
  const { data, error, refetch } = useQuery(experimentQuery(name))
  const [action, setAction] = useState<ExperimentAction | null>(null)
  return (
    <div className={classes.page} key={name}>
      <header className={classes.head}>
        <Link to="/experiments" className="dim">
          Experiments
        </Link>
        <span className="dim">/</span>
        <h1>{data?.name ?? name}</h1>
        <CopyButton text={data?.name ?? name} what="name" />
        {data && <StateMark state={data.state} />}
        <span className={classes.gap} />
        {data && <Ways of={data} onAction={setAction} />}
      </header>
      {data?.description && <p className={classes.about}>{data.description}</p>}
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={90} m={16} w="auto" aria-label="Loading the experiment" />}
      {data && (
        <div className={classes.body}>
          <div className={classes.main}>
            <ResultView of={data} onAction={setAction} />
          </div>
          <div className={classes.side}>
            <ExperimentFacts of={data} />
            <section aria-label="History">
              <h2>History</h2>
              <ExperimentHistory name={data.name} revision={data.revision} />
            </section>
          </div>
        </div>
      )}
      {data && action && <ActionDialog of={data} action={action} onClose={() => setAction(null)} />}
    </div>
  )
}

function Ways({ of, onAction }: { of: Experiment; onAction: (action: ExperimentAction) => void }) {
  if (of.state === 'concluded') return null
  return (
    <span className={classes.ways}>
      {of.state === 'running' ? (
        <Button size="compact-sm" variant="default" onClick={() => onAction({ kind: 'pause' })}>
          Pause
        </Button>
      ) : (
        <Button size="compact-sm" onClick={() => onAction({ kind: 'start' })}>
          {of.started_at ? 'Go on' : 'Start'}
        </Button>
      )}
      {!of.started_at && (
        <Button size="compact-sm" variant="default" onClick={() => onAction({ kind: 'remove' })}>
          Remove …
        </Button>
      )}
      {of.started_at && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => onAction({ kind: 'conclude', winner: '' })}
        >
          Conclude …
        </Button>
      )}
    </span>
  )
}
