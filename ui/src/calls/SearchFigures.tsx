import { Loader } from '@mantine/core'
import { TimeText } from '../components/TimeText'
import { formatCount } from '../format/number'
import classes from './SummaryStrip.module.css'
import type { SearchProgress } from './use-call-list'

/** How a search in prompts and answers stands: what it found, how far it has come, whether that is all. */
export function SearchFigures({
  search,
  newestFirst,
}: {
  search: SearchProgress | null
  newestFirst: boolean
}) {
  if (!search) {
    return (
      <span className={classes.searching} role="status">
        <Loader size={14} /> searching …
      </span>
    )
  }
  const { hits, searched, backTo, complete, busy } = search
  return (
    <>
      <dl className={classes.figures}>
        <div className={classes.figure}>
          <dt>{complete ? 'Hits' : 'Hits so far'}</dt>
          <dd>{formatCount(hits)}</dd>
        </div>
        <div className={classes.figure}>
          <dt>Calls searched</dt>
          <dd>{formatCount(searched)}</dd>
        </div>
        {newestFirst && backTo && (
          <div className={classes.figure}>
            <dt>Back to</dt>
            <dd>
              <TimeText at={backTo} />
            </dd>
          </div>
        )}
      </dl>
      <span className={classes.searching} role="status">
        {complete ? (
          'complete: every call of this time and these filters was looked at'
        ) : busy ? (
          <>
            <Loader size={14} /> still searching
          </>
        ) : (
          'older calls are searched when you scroll down'
        )}
      </span>
    </>
  )
}
