import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Call } from '../api/types'
import { ErrorBox } from '../call/ErrorBox'
import { StatusMark } from '../components/Mark'
import { Money } from '../components/Money'
import { markInput, markOutput } from '../format/estimated'
import { formatMoney, subtractMoney } from '../format/money'
import { formatCount } from '../format/number'
import { formatDuration } from '../format/time'
import { withoutPanel } from '../state/list-state'
import { answerText } from './answer'
import { DiffView } from './DiffView'
import { lastUserMessage, parametersOf, systemText, textOf } from './draft'
import classes from './ReplayPanel.module.css'

/** The original and its replay: what was changed, what came of it, and what that cost. */
export function Comparison({ original, replay }: { original: Call; replay: Call }) {
  const texts = [
    { title: 'System text', before: systemText(original), after: systemText(replay) },
    {
      title: 'Prompt',
      before: textOf(lastUserMessage(original)),
      after: textOf(lastUserMessage(replay)),
    },
  ].filter(({ before, after }) => before !== after)
  return (
    <>
      <table className={classes.figures} aria-label="Figures">
        <thead>
          <tr>
            <th />
            <th scope="col">Original</th>
            <th scope="col">
              <Link
                to="/calls/$callId"
                params={{ callId: replay.id }}
                search={withoutPanel}
                title="Open the replay as a call of its own"
              >
                Replay
              </Link>
            </th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          <Row label="Status" of={(call) => <StatusMark status={call.status} />} {...{ original, replay }} />
          <Row label="Model" of={(call) => call.model?.requested} {...{ original, replay }} />
          {changedParameters(original, replay).map(({ name, before, after }) => (
            <tr key={name}>
              <th scope="row" className="mono">
                {name}
              </th>
              <td className="mono">{before ?? <span className="dim">not set</span>}</td>
              <td className="mono">{after ?? <span className="dim">not set</span>}</td>
              <td />
            </tr>
          ))}
          <Row
            label="Tokens in"
            of={(call) => tokens(call.usage?.input_tokens, markInput(call.usage))}
            delta={countDelta(original.usage?.input_tokens, replay.usage?.input_tokens)}
            {...{ original, replay }}
          />
          <Row
            label="Tokens out"
            of={(call) => tokens(call.usage?.output_tokens, markOutput(call.usage))}
            delta={countDelta(original.usage?.output_tokens, replay.usage?.output_tokens)}
            {...{ original, replay }}
          />
          <Row label="Cost" of={cost} delta={costDelta(original, replay)} {...{ original, replay }} />
          <Row
            label="Duration"
            of={(call) =>
              call.time?.duration_ms === undefined ? '—' : formatDuration(call.time.duration_ms)
            }
            delta={numberDelta(original.time?.duration_ms, replay.time?.duration_ms, formatDuration)}
            {...{ original, replay }}
          />
          <Row
            label="Finish"
            of={(call) => call.response?.finish_reasons?.join(', ')}
            {...{ original, replay }}
          />
        </tbody>
      </table>
      {original.request?.stream && (
        <p className={classes.note}>
          The original was streamed; a replay never is, so it ends when all is said.
        </p>
      )}
      <DiffView
        title="Answer"
        before={answerText(original)}
        after={answerText(replay)}
        insteadOfBefore={original.error && <ErrorBox error={original.error} />}
        insteadOfAfter={replay.error && <ErrorBox error={replay.error} />}
      />
      {texts.map((each) => (
        <DiffView key={each.title} {...each} />
      ))}
    </>
  )
}

interface RowProps {
  label: string
  of: (call: Call) => ReactNode
  delta?: Delta | null
  original: Call
  replay: Call
}

function Row({ label, of, delta, original, replay }: RowProps) {
  const [before, after] = [of(original), of(replay)]
  if (!before && !after) return null
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{before}</td>
      <td>{after}</td>
      <td>{delta && <span className={delta.sign < 0 ? classes.less : classes.more}>{delta.text}</span>}</td>
    </tr>
  )
}

interface Delta {
  sign: number
  text: string
}

function numberDelta(
  before: number | undefined,
  after: number | undefined,
  format: (value: number) => string,
): Delta | null {
  if (before === undefined || after === undefined || before === after) return null
  const change = before > 0 ? ` (${percent((after - before) / before)})` : ''
  return { sign: after - before, text: `${after > before ? '+' : ''}${format(after - before)}${change}` }
}

function countDelta(before: number | undefined, after: number | undefined): Delta | null {
  return numberDelta(before, after, formatCount)
}

function costDelta(original: Call, replay: Call): Delta | null {
  const [before, after] = [original.cost, replay.cost]
  if (before?.total === undefined || after?.total === undefined || before.currency !== after.currency)
    return null
  const delta = subtractMoney(after.total, before.total)
  if (delta === null || /^0\.0*$/.test(delta)) return null
  const sign = delta.startsWith('-') ? -1 : 1
  // The amounts are exact; of a share, its first digits are enough.
  const share = Number(delta) / Number(before.total)
  return {
    sign,
    text: `${sign > 0 ? '+' : ''}${formatMoney(delta, after.currency)}${Number.isFinite(share) ? ` (${percent(share)})` : ''}`,
  }
}

function percent(share: number): string {
  const rounded = Math.round(share * 100)
  return `${rounded > 0 ? '+' : ''}${formatCount(rounded)} %`
}

function tokens(count: number | undefined, mark: string) {
  return count === undefined ? '—' : mark + formatCount(count)
}

function cost(call: Call) {
  if (call.cost?.total !== undefined) return <Money amount={call.cost.total} currency={call.cost.currency} />
  return call.usage ? <span className="dim">unpriced</span> : '—'
}

function changedParameters(original: Call, replay: Call) {
  const [before, after] = [parametersOf(original), parametersOf(replay)]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => ({ name, before: JSON.stringify(before[name]), after: JSON.stringify(after[name]) }))
    .filter((each) => each.before !== each.after && each.name !== 'stream_options')
}
