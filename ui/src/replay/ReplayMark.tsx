import { Link } from '@tanstack/react-router'
import type { Call } from '../api/types'
import { comparisonSearch } from './address'
import classes from './ReplayMark.module.css'

/** On a replay: that it is one, and the way to it beside its original. */
export function ReplayMark({ call }: { call: Call }) {
  const of = call.replay?.of
  if (!of) return null
  return (
    <Link
      to="/calls/$callId"
      params={{ callId: of }}
      search={comparisonSearch(call.id)}
      className={classes.mark}
      title={`A replay of ${of}: see both side by side`}
      onClick={(event) => event.stopPropagation()}
    >
      replay
    </Link>
  )
}
