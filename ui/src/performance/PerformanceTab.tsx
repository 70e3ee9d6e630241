import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { performanceQuery } from '../api/prompt-queries'
import { ProblemView } from '../components/ProblemView'
import { TimeText } from '../components/TimeText'
import { plural } from '../format/number'
import { usePrompt } from '../prompts/use-prompt'
import { NoCalls } from './NoCalls'
import classes from './PerformanceTab.module.css'
import { PerformanceTable } from './PerformanceTable'
import { QuestionBar } from './QuestionBar'
import { Trends } from './Trends'
import { useQuestion } from './use-question'

/** How the prompt's calls did: by version, and day by day. */
export function PerformanceTab() {
  const { name } = usePrompt()
  const { state, params, from, go } = useQuestion()
  const { data, error, refetch, isPlaceholderData } = useQuery(performanceQuery(name, params.toString()))
  const nothing = data?.all.figures.calls === 0
  return (
    <div className={classes.scroll}>
      <QuestionBar name={name} state={state} onChange={(next) => go({ state: next })}>
        {data && !nothing && (
          <span className={classes.period}>
            {plural(data.all.figures.calls, 'call')}, first <TimeText at={data.all.first_call ?? undefined} />
            , last <TimeText at={data.all.last_call ?? undefined} />
          </span>
        )}
      </QuestionBar>
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={90} m={16} w="auto" aria-label="Loading the performance" />}
      {data && nothing && <NoCalls name={name} state={state} onChange={(next) => go({ state: next })} />}
      {data && !nothing && (
        <div className={classes.body} aria-busy={isPlaceholderData}>
          <section aria-label="By version">
            <h2>
              By version
              {data.groups.length > 1 && (
                <Link
                  to="/prompts/$promptName/compare"
                  params={{ promptName: name }}
                  search={(old: Record<string, string | undefined>) => old as Record<string, string>}
                >
                  Is the difference real? Compare them →
                </Link>
              )}
            </h2>
            <PerformanceTable answer={data} state={state} from={from} />
          </section>
          <Trends name={name} params={params} range={state.range} first={data.all.first_call} />
        </div>
      )}
    </div>
  )
}
