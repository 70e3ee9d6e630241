import { NativeSelect, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { comparisonQuery, performanceQuery } from '../api/prompt-queries'
import type { ComparisonAnswer, PerformanceAnswer } from '../api/registry-types'
import { ProblemView } from '../components/ProblemView'
import { formatCount, plural } from '../format/number'
import { formatDay } from '../format/time'
import { LabelChip } from '../prompts/LabelChip'
import { usePrompt } from '../prompts/use-prompt'
import classes from './CompareTab.module.css'
import { MetricRows } from './MetricRows'
import { NoCalls } from './NoCalls'
import { QuestionBar } from './QuestionBar'
import { callsSearch, useQuestion } from './use-question'

/** The server compares so many at once. */
const mostCompared = 8

/** Is one version really better than another, by the calls on the record? */
export function CompareTab() {
  const { name } = usePrompt()
  const { state, params, from, versions, go } = useQuestion()
  // Which versions have calls; the same question as on the performance page.
  const used = useQuery(performanceQuery(name, params.toString()))
  const groups = versionsOf(used.data)
  const nothing = used.data?.all.figures.calls === 0
  const asked = new URLSearchParams(params)
  if (versions) asked.set('versions', versions)
  const { data, error, refetch, isPlaceholderData } = useQuery({
    ...comparisonQuery(name, asked.toString()),
    enabled: groups.length > 1 || versions !== '',
  })
  return (
    <div className={classes.scroll}>
      <QuestionBar name={name} state={state} onChange={(next) => go({ state: next })} />
      {used.error && !used.data && <ProblemView error={used.error} onRetry={() => void used.refetch()} />}
      {nothing && <NoCalls name={name} state={state} onChange={(next) => go({ state: next })} />}
      {used.data && !nothing && groups.length < 2 && !versions && (
        <p className={classes.none}>
          {groups.length === 0
            ? 'No call of this time says which version it was made with.'
            : `All calls of this time were made with version ${groups[0]}: there is nothing to compare it with. A longer time may have others.`}
        </p>
      )}
      {(groups.length > 1 || versions) && !nothing && (
        <>
          {(versions || data) && (
            <Choice
              versions={groups}
              shown={data?.versions.map((each) => each.version) ?? []}
              asked={versions}
              onChange={(next) => go({ versions: next })}
            />
          )}
          {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
          {!data && !error && <Skeleton height={90} m={16} w="auto" aria-label="Comparing" />}
          {data && (
            <div className={classes.body} aria-busy={isPlaceholderData}>
              <Uses answer={data} callsOf={(version) => callsSearch(name, version, state, from)} />
              {data.comparisons.map((each) => (
                <section key={`${each.a} ${each.b}`} aria-label={`Version ${each.b} compared with ${each.a}`}>
                  <h2>
                    Version {each.b} compared with {each.a}
                  </h2>
                  {each.warnings.length > 0 && (
                    <ul className={classes.warnings} aria-label="Are they comparable?">
                      {each.warnings.map((warning) => (
                        <li key={warning}>{warning}</li>
                      ))}
                    </ul>
                  )}
                  <MetricRows {...each} confidence={data.confidence} />
                </section>
              ))}
              <Small answer={data} />
            </div>
          )}
        </>
      )}
    </div>
  )
}

function versionsOf(answer: PerformanceAnswer | undefined): string[] {
  return (answer?.groups ?? []).flatMap((group) => group.key['prompt.version'] ?? [])
}

interface ChoiceProps {
  /** Those that have calls, the most used first. */
  versions: string[]
  /** Those that are compared now, what the others are compared with first. */
  shown: string[]
  /** As the address has it; "": all. */
  asked: string
  onChange: (versions: string) => void
}

function Choice({ versions, shown, asked, onChange }: ChoiceProps) {
  const base = asked.split(',')[0] || (shown[0] ?? '')
  const rest = asked ? asked.split(',').slice(1) : []
  const other = rest.length === 1 ? (rest[0] ?? '') : ''
  const offered = [...new Set([...versions, ...shown, ...[base, other].filter(Boolean)])]
  const others = (first: string) =>
    offered
      .filter((each) => each !== first)
      .slice(0, mostCompared - 1)
      .join(',')
  return (
    <div className={classes.choice}>
      <NativeSelect
        size="xs"
        label="Compare"
        value={other}
        onChange={({ currentTarget: { value } }) => onChange(`${base},${value || others(base)}`)}
        data={[
          { value: '', label: 'all others' },
          ...offered
            .filter((each) => each !== base)
            .map((each) => ({ value: each, label: `version ${each}` })),
        ]}
      />
      <NativeSelect
        size="xs"
        label="with"
        value={base}
        onChange={({ currentTarget: { value } }) =>
          // The same two the other way round, if it was the other one that was chosen.
          onChange(`${value},${other ? (value === other ? base : other) : others(value)}`)
        }
        data={offered.map((each) => ({ value: each, label: `version ${each}` }))}
      />
    </div>
  )
}

interface UsesProps {
  answer: ComparisonAnswer
  callsOf: (version: string) => Record<string, string>
}

/** On how many calls, and of when, each version stands. */
function Uses({ answer, callsOf }: UsesProps) {
  return (
    <ul className={classes.uses} aria-label="Versions compared">
      {answer.versions.map((each) => (
        <li key={each.version}>
          <Link
            to="/prompts/$promptName"
            params={{ promptName: answer.name }}
            search={{ version: each.version }}
          >
            <strong>{each.version}</strong>
          </Link>{' '}
          {Object.entries(answer.labels)
            .filter(([, at]) => at === each.version)
            .map(([label]) => (
              <LabelChip key={label} label={label} />
            ))}{' '}
          <Link to="/" search={callsOf(each.version)}>
            {plural(each.calls, 'call')}
          </Link>
          {each.first_call && each.last_call && (
            <span className="dim">
              {' '}
              {formatDay(each.first_call)} – {formatDay(each.last_call)}
            </span>
          )}
        </li>
      ))}
      {answer.left_out.length > 0 && (
        <li className="dim">
          {plural(answer.left_out.length, 'version')} with fewer calls left out: {mostCompared} are compared
          at once
        </li>
      )}
    </ul>
  )
}

function Small({ answer }: { answer: ComparisonAnswer }) {
  return (
    <p className={classes.small}>
      Bars are {formatCount(answer.confidence * 100)} % intervals of the difference; the green side is the
      better one.
      {answer.family > 1 && (
        <>
          {' '}
          {formatCount(answer.family)} comparisons were corrected together (Holm), so that an answer without
          any difference finds one in {formatCount((1 - answer.confidence) * 100)} of 100 cases at most.
        </>
      )}{' '}
      This holds for one look, and for calls that do not depend on each other.
    </p>
  )
}
