import { Fragment } from 'react'
import type { DiffHunk, DiffPiece, PromptDifference } from '../api/registry-types'
import { plural } from '../format/number'
import { diffRows, type DiffRow, type SideLine } from './diff-rows'
import classes from './DiffTab.module.css'
import { fieldName, isCode } from './field-names'

interface Props {
  text: PromptDifference['texts'][number]
  from: string
  to: string
  view: 'sides' | 'one'
}

/** A text of which lines differ, each with three lines around it; in the lines, the words. */
export function DiffText({ text, from, to, view }: Props) {
  const title = fieldName(text.field)
  return (
    <section aria-label={title} className={classes.text}>
      <h2>{title}</h2>
      <div className={classes.frame}>
        <table data-view={view} data-code={isCode(text.field) || undefined}>
          {view === 'sides' && (
            <>
              <colgroup>
                <col className={classes.numbers} />
                <col />
                <col className={classes.numbers} />
                <col />
              </colgroup>
              <thead>
                <tr>
                  <th colSpan={2} scope="col">
                    Version {from}
                  </th>
                  <th colSpan={2} scope="col">
                    Version {to}
                  </th>
                </tr>
              </thead>
            </>
          )}
          <tbody>
            {text.hunks.map((hunk, index) => (
              <Fragment key={index}>
                {(index > 0 || hunk.from_line > 1) && (
                  <tr className={classes.left} aria-hidden="true">
                    <td colSpan={4}>⋯</td>
                  </tr>
                )}
                {view === 'sides'
                  ? diffRows(hunk).map((row, at) => (
                      <tr key={at}>
                        <Side line={row.from} />
                        <Side line={row.to} />
                      </tr>
                    ))
                  : inOne(diffRows(hunk)).map((line, at) => (
                      <tr key={at}>
                        <Side line={line} />
                      </tr>
                    ))}
                <More hunk={hunk} />
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** What went before what came, as in a patch. */
function inOne(rows: DiffRow[]): SideLine[] {
  const lines: SideLine[] = []
  let come: SideLine[] = []
  for (const { from, to } of rows) {
    if (from?.change === 'same') {
      lines.push(...come, from)
      come = []
    } else {
      if (from) lines.push(from)
      if (to) come.push(to)
    }
  }
  return [...lines, ...come]
}

const signs = { same: '', removed: '−', added: '+' }
const words = { same: '', removed: 'removed: ', added: 'added: ' }

function Side({ line }: { line: SideLine | null }) {
  if (!line) return <td colSpan={2} className={classes.nothing} />
  // Of a line that is new as a whole no words are to be found.
  const whole = line.pieces.every((piece) => piece.changed)
  return (
    <>
      <td className={classes.number}>{line.number}</td>
      <td className={classes.line} data-change={line.change} data-sign={signs[line.change]}>
        <span className="hidden-text">{words[line.change]}</span>
        {line.pieces.map((piece, index) => (
          <Piece key={index} piece={piece} change={whole ? 'same' : line.change} />
        ))}
      </td>
    </>
  )
}

function Piece({ piece, change }: { piece: DiffPiece; change: SideLine['change'] }) {
  if (!piece.changed || change === 'same') return piece.text
  return change === 'removed' ? <del>{piece.text}</del> : <ins>{piece.text}</ins>
}

function More({ hunk }: { hunk: DiffHunk }) {
  const { more_removed: removed = 0, more_added: added = 0 } = hunk
  if (removed + added === 0) return null
  return (
    <tr className={classes.left}>
      <td colSpan={4}>
        and {plural(removed, 'line')} removed, {plural(added, 'line')} added, which are too many to show
      </td>
    </tr>
  )
}
