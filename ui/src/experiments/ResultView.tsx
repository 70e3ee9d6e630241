import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { experimentResultQuery, type ExperimentAction } from '../api/experiment-queries'
import {
  otherReasons,
  type Experiment,
  type ExperimentResult,
  type VariantResult,
} from '../api/experiment-types'
import { Notice } from '../components/Notice'
import { ProblemView } from '../components/ProblemView'
import { formatCount, formatShare, plural } from '../format/number'
import { FindingMark } from '../performance/FindingMark'
import { formatDifference, formatMetric, metricName } from '../performance/metrics'
import { CourseChart } from './CourseChart'
import { currencyOf, sayChanges, shareOf } from './experiment-words'
import classes from './ResultView.module.css'

interface Props {
  of: Experiment
  onAction: (action: ExperimentAction) => void
}

/** What the experiment has shown until now; it may be looked at and acted on at any time. */
export function ResultView({ of, onAction }: Props) {
  const tz = Intl.DateTimeFormat().resolvedOptions().timeZone
  // Before it was started there is nothing to ask about.
  const begun = of.started_at !== null
  const { data, error, refetch } = useQuery({ ...experimentResultQuery(of.name, tz), enabled: begun })
  const calls = data?.variants.reduce((sum, each) => sum + each.calls, 0) ?? 0
  return (
    <div className={classes.result}>
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {begun && !data && !error && <Skeleton height={120} aria-label="Loading the result" />}
      {data && <Verdict of={of} result={data} onAction={onAction} />}
      {!begun && (
        <p className={classes.sentence}>
          It has not been started: nobody gets a variant, and nothing is known yet. From “Start” on it is told
          here what the variants come to.
        </p>
      )}
      {data && isKnown(data) && (
        <section aria-label="Over time">
          <h2>
            {metricName(of.metric)}: difference from {of.variants[0]?.name}, over time
          </h2>
          <div className={classes.charts}>
            {data.variants.map((each, index) =>
              index === 0 ? null : (
                <CourseChart key={each.name} result={data} variant={index} margin={of.margin} />
              ),
            )}
          </div>
        </section>
      )}
      <section aria-label="Variants">
        <h2>Variants</h2>
        <Variants of={of} result={data} onAction={onAction} />
      </section>
      {data && <Guards result={data} />}
      {data && calls > 0 && <Others result={data} />}
      {data && calls > 0 && <SampleRatio result={data} unit={of.unit} />}
      {data && data.calls_left_out > 0 && <LeftOut of={of} result={data} />}
    </div>
  )
}

/** Whether there is anything to draw. */
function isKnown({ course }: ExperimentResult): boolean {
  return course.some(({ variants }) => variants.some(({ difference }) => difference !== null))
}

function Verdict({ of, result, onAction }: Props & { result: ExperimentResult }) {
  return (
    <section aria-label="Verdict" className={classes.verdict}>
      <p className={classes.sentence} data-winner={result.winner !== null || undefined}>
        {result.sentence}
      </p>
      {result.winner !== null && of.state !== 'concluded' && (
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => onAction({ kind: 'conclude', winner: result.winner ?? '' })}
        >
          Conclude with {result.winner} …
        </Button>
      )}
      {result.sample_ratio.mismatch && (
        <Notice tone="bad">
          The {of.unit}s did not fall to the variants as the weights say: something in the assignment is
          broken, and what is told here cannot be relied on.
        </Notice>
      )}
      {result.evaluated?.error && (
        <Notice tone="bad">Its guards and its rule could not act: {result.evaluated.error}</Notice>
      )}
      {result.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
    </section>
  )
}

function Variants({ of, result, onAction }: Props & { result: ExperimentResult | undefined }) {
  // What decides stands first, with what it says; what is told beside it may need to be scrolled to.
  const [primary, ...others] = result?.metrics ?? []
  const unitsHead = of.unit === 'user' ? 'Users' : of.unit === 'session' ? 'Sessions' : 'Requests'
  // The control has no difference, which says it of the others.
  const currency = (metric: string) => result && currencyOf(result, metric)
  return (
    <div className="side-scroll">
      <table className={classes.table} aria-label="Variants">
        <thead>
          <tr>
            <th scope="col">Variant</th>
            <th scope="col" className={classes.number}>
              Gets
            </th>
            <th scope="col" className={classes.number}>
              {unitsHead}
            </th>
            <th scope="col" className={classes.number}>
              Calls
            </th>
            {primary && (
              <th scope="col" className={classes.other}>
                {metricName(primary.metric)}
              </th>
            )}
            <th scope="col">Against the control</th>
            <th scope="col" className={classes.number} title="Its chance to be the best of all">
              Best
            </th>
            {others.map(({ metric }) => (
              <th key={metric} scope="col" className={classes.other}>
                {metricName(metric)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.variants.map((variant, index) => {
            const told = result?.variants.find((each) => each.name === variant.name)
            return (
              <tr key={variant.name}>
                <th scope="row">
                  {variant.name}
                  {index === 0 && <span className={classes.tag}>control</span>}
                  {variant.stopped && <span className={classes.stopped}>stopped</span>}
                  {of.winner === variant.name && <span className={classes.winner}>winner</span>}
                  <div className={classes.changes}>{sayChanges(variant) || 'as without the experiment'}</div>
                  {index > 0 && !variant.stopped && (of.state === 'running' || of.state === 'paused') && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`Stop ${variant.name}`}
                      onClick={() => onAction({ kind: 'stop', variant: variant.name })}
                    >
                      Stop
                    </Button>
                  )}
                </th>
                <td className={classes.number} data-label="Gets">
                  {formatShare(shareOf(variant, of.variants))}
                </td>
                <td className={classes.number} data-label={unitsHead}>
                  {told ? formatCount(told.units) : '—'}
                </td>
                <td className={classes.number} data-label="Calls">
                  {!told || told.calls === 0 ? (
                    (told?.calls ?? '—')
                  ) : (
                    <Link
                      to="/"
                      search={{
                        'prompt.experiment.id': of.id,
                        'prompt.experiment.variant': variant.name,
                        range: 'all',
                      }}
                      title={`Its ${plural(told.calls, 'call')}`}
                    >
                      {formatCount(told.calls)}
                    </Link>
                  )}
                </td>
                {primary && <Value of={primary} told={told} currency={currency(primary.metric)} />}
                <td className={classes.words} data-none={!told?.primary || undefined}>
                  {told?.primary ? <Against of={told.primary} /> : <span className="dim">—</span>}
                </td>
                <td className={classes.number} data-label="Best">
                  {told?.best == null ? <span className="dim">—</span> : formatShare(told.best)}
                </td>
                {others.map((each) => (
                  <Value key={each.metric} of={each} told={told} currency={currency(each.metric)} />
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

interface ValueProps {
  of: ExperimentResult['metrics'][number]
  told: VariantResult | undefined
  currency: string | undefined
}

function Value({ of, told, currency }: ValueProps) {
  const value = told?.values.find((each) => each.metric === of.metric)
  return (
    <td
      className={classes.number}
      data-label={metricName(of.metric)}
      title={value && `${plural(value.calls, 'call')} ${value.calls === 1 ? 'says' : 'say'} it`}
    >
      {formatMetric(value?.value ?? null, of.unit, currency)}
    </td>
  )
}

function Against({ of }: { of: NonNullable<VariantResult['primary']> }) {
  const show = (value: number) => formatDifference(value, of.unit, of.currency)
  return (
    <>
      <FindingMark finding={of.finding} />
      {of.difference !== null && <> {show(of.difference)}</>}
      {of.interval && (
        <span className="dim">
          {' '}
          ({show(of.interval[0])} … {show(of.interval[1])})
        </span>
      )}
      <div className="dim">{of.sentence}</div>
    </>
  )
}

/** What no variant may make worse; nothing where there is none. */
function Guards({ result }: { result: ExperimentResult }) {
  const rows = result.variants.flatMap((variant) =>
    variant.guards.map((guard) => ({ name: variant.name, guard })),
  )
  if (rows.length === 0) return null
  return (
    <section aria-label="Guards">
      <h2>Guards</h2>
      <ul className={classes.list}>
        {rows.map(({ name, guard }) => (
          <li key={`${name} ${guard.metric}`} data-breached={guard.breached || undefined}>
            <span className={classes.guard}>
              {guard.breached ? '✕ breached' : guard.finding === 'unknown' ? '? unknown' : '✓ held'} · {name}{' '}
              · {metricName(guard.metric)}, at most{' '}
              {guard.relative_limit
                ? formatShare(guard.worse_by)
                : formatDifference(guard.worse_by, guard.unit, guard.currency).replace('+', '')}{' '}
              worse
            </span>
            <span className="dim">{guard.sentence}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Metrics that are told and decide nothing. */
function Others({ result }: { result: ExperimentResult }) {
  const rows = result.variants.flatMap((variant) =>
    variant.also.filter((each) => each.finding !== 'unknown').map((each) => ({ name: variant.name, each })),
  )
  if (rows.length === 0) return null
  return (
    <section aria-label="Other metrics">
      <h2>Other metrics, which decide nothing</h2>
      <ul className={classes.list}>
        {rows.map(({ name, each }) => (
          <li key={`${name} ${each.metric}`}>
            <span className={classes.guard}>
              <FindingMark finding={each.finding} /> · {name} · {metricName(each.metric)}
            </span>
            <span className="dim">{each.sentence}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Calls that name the experiment, and why they are no part of what it shows. */
function LeftOut({ of, result }: { of: Experiment; result: ExperimentResult }) {
  return (
    <section aria-label="Not counted">
      <h2>Not counted</h2>
      <p className={classes.ratio}>
        {plural(result.calls_left_out, 'call')} of the experiment took no part, or cannot be told apart:
      </p>
      <ul className={classes.reasons}>
        {result.left_out.map(({ reason, calls }) => (
          <li key={reason ?? ''}>
            <strong>{formatCount(calls)}</strong>{' '}
            {reason === null || reason === otherReasons ? (
              (reason ?? `say no ${of.unit}, or no variant of the experiment`)
            ) : (
              <Link
                to="/"
                search={{
                  'prompt.experiment.id': of.id,
                  'prompt.experiment.left_out': reason,
                  range: 'all',
                }}
              >
                {reason}
              </Link>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function SampleRatio({ result, unit }: { result: ExperimentResult; unit: string }) {
  const { units, expected, always_valid_p_value: p, crossed_units, mismatch } = result.sample_ratio
  return (
    <section aria-label="Sample ratio">
      <h2>How {unit}s were divided</h2>
      <p className={classes.ratio}>
        {result.variants
          .map(
            (variant, index) =>
              `${variant.name} ${formatCount(units[index] ?? 0)} (by the weights ${formatCount(Math.round(expected[index] ?? 0))})`,
          )
          .join(' · ')}
        {'. '}
        {mismatch ? <strong className={classes.bad}>Not as the weights say.</strong> : 'As the weights say'}
        {p !== null && ` (p ${p < 0.0001 ? '< 0.0001' : p.toFixed(p < 0.1 ? 4 : 2)}, at every look)`}
        {crossed_units > 0 && `. ${plural(crossed_units, unit)} had calls of several variants`}
        {result.sampled < 1 &&
          `. How sure things are is told from ${formatShare(result.sampled)} of the ${unit}s`}
        .
      </p>
    </section>
  )
}
