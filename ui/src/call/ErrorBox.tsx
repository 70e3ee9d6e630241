import { IconBulb } from '@tabler/icons-react'
import type { CallError } from '../api/types'
import { formatDuration } from '../format/time'
import classes from './ErrorBox.module.css'

export function ErrorBox({ error }: { error: CallError }) {
  const facts = [
    error.http_status === undefined ? '' : `HTTP ${error.http_status}`,
    error.provider_type ?? '',
    error.provider_code ?? '',
    error.retryable === undefined ? '' : error.retryable ? 'can be retried' : 'a retry will not help',
    error.retry_after_ms ? `wait ${formatDuration(error.retry_after_ms)}` : '',
  ].filter(Boolean)
  return (
    <section className={classes.box} aria-label="Error">
      <div className={classes.head}>
        <strong>{(error.type ?? 'error').replaceAll('_', ' ')}</strong>
        <span className="dim">{facts.join(' · ')}</span>
      </div>
      {error.message && <p className={classes.message}>{error.message}</p>}
      {error.advice && (
        <p className={classes.advice}>
          <IconBulb size={15} aria-hidden="true" /> {error.advice}
        </p>
      )}
      {error.stack && (
        <details>
          <summary>Stack</summary>
          <pre className="mono">{error.stack}</pre>
        </details>
      )}
    </section>
  )
}
