import { Button } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { asProblem } from '../api/problem'
import { KeyForm } from './KeyForm'
import classes from './ProblemView.module.css'

/** What went wrong and what to do; asks for the API key where that is what is missing. */
export function ProblemView({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = asProblem(error)
  return (
    <div className={classes.box} role="alert">
      <IconAlertTriangle size={22} className={classes.icon} aria-hidden="true" />
      <div className={classes.words}>
        <strong>{problem.title}</strong>
        {problem.detail && <p>{problem.detail}</p>}
        {problem.remedy && <p className={classes.remedy}>{problem.remedy}</p>}
        {problem.status === 401 && <KeyForm />}
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}
