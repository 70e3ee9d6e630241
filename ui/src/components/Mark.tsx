import type { CallStatus } from '../api/types'
import classes from './Mark.module.css'

const labels: Record<CallStatus, string> = {
  success: 'Success',
  failure: 'Failure',
  partial: 'Partial',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
  running: 'Running',
}

const meanings: Record<CallStatus, string> = {
  success: 'The answer arrived completely.',
  failure: 'The provider or the connection failed.',
  partial: 'The stream broke, or a length limit cut the answer.',
  cancelled: 'The client went away before the answer was complete.',
  interrupted: 'Steno was stopped while the call was under way.',
  running: 'Under way now.',
}

/** A status as shape, colour and word, so that no one of them has to be seen. */
export function StatusMark({ status, iconOnly = false }: { status: CallStatus; iconOnly?: boolean }) {
  return (
    <span className={classes.mark} data-status={status} title={meanings[status]}>
      <svg viewBox="0 0 14 14" width="13" height="13" aria-hidden="true">
        <Shape status={status} />
      </svg>
      <span className={iconOnly ? 'hidden-text' : undefined}>{labels[status] ?? status}</span>
    </span>
  )
}

function Shape({ status }: { status: CallStatus }) {
  switch (status) {
    case 'success':
      return <path d="M2.5 7.5l3 3 6-6.5" className={classes.stroke} />
    case 'failure':
      return <path d="M3.2 3.200l7.6 7.600M10.8 3.200l-7.6 7.6" className={classes.stroke} />
    case 'partial':
      return (
        <>
          <circle cx="7" cy="7" r="4.8" className={classes.stroke} />
          <path d="M7 2.200a4.8 4.8 0 0 0 0 9.600z" fill="currentColor" />
        </>
      )
    case 'cancelled':
      return (
        <>
          <circle cx="7" cy="7" r="4.8" className={classes.stroke} />
          <path d="M3.8 10.200l6.4-6.4" className={classes.stroke} />
        </>
      )
    case 'interrupted':
      return <path d="M8 1.500L3.5 8H7l-1 4.500L10.5 6H7z" fill="currentColor" />
    default:
      return <circle cx="7" cy="7" r="4.8" className={classes.turning} />
  }
}
