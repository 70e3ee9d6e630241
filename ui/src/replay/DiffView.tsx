import { SegmentedControl } from '@mantine/core'
import { useMemo, useState, type ReactNode } from 'react'
import { diff, type Piece } from './diff'
import classes from './ReplayPanel.module.css'

interface Props {
  title: string
  before: string
  after: string
  /** Shown in the place of a side that has no text. */
  insteadOfBefore?: ReactNode
  insteadOfAfter?: ReactNode
}

/** Two texts with what differs marked: beside each other, or as one. */
export function DiffView({ title, before, after, insteadOfBefore, insteadOfAfter }: Props) {
  const [view, setView] = useState<'sides' | 'one'>('sides')
  const { pieces, similarity } = useMemo(() => diff(before, after), [before, after])
  const both = before !== '' && after !== ''
  // Where little is the same, marking all the rest would only make both harder to read.
  const plain = !both || (similarity !== null && similarity < 0.2)
  const verdict = !both
    ? ''
    : before === after
      ? 'the same, word for word'
      : similarity === null
        ? ''
        : `${Math.min(99, Math.floor(similarity * 100))} % of the words are the same`
  return (
    <section aria-label={title} className={classes.outcome}>
      <header className={classes.head}>
        <h3>{title}</h3>
        <span className="dim">{verdict}</span>
        {both && before !== after && (
          <SegmentedControl
            size="xs"
            ml="auto"
            aria-label={`How to show the ${title.toLowerCase()}`}
            value={view}
            onChange={(value) => setView(value as typeof view)}
            data={[
              { value: 'sides', label: 'Side by side' },
              { value: 'one', label: 'In one text' },
            ]}
          />
        )}
      </header>
      {view === 'one' && both ? (
        <p className={classes.text} data-one>
          {pieces.map(shown)}
        </p>
      ) : (
        <div className={classes.sides}>
          <Side title="Original">
            {before === '' ? insteadOfBefore : <Marked pieces={pieces} without="added" plain={plain} />}
          </Side>
          <Side title="Replay">
            {after === '' ? insteadOfAfter : <Marked pieces={pieces} without="removed" plain={plain} />}
          </Side>
        </div>
      )}
    </section>
  )
}

function Side({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={classes.side}>
      <h4>{title}</h4>
      {children ?? <p className="dim">(empty)</p>}
    </div>
  )
}

function Marked({ pieces, without, plain }: { pieces: Piece[]; without: Piece['kind']; plain: boolean }) {
  const own = pieces.filter((piece) => piece.kind !== without)
  return <p className={classes.text}>{plain ? own.map((piece) => piece.text).join('') : own.map(shown)}</p>
}

function shown(piece: Piece, index: number) {
  if (piece.kind === 'removed') return <del key={index}>{piece.text}</del>
  if (piece.kind === 'added') return <ins key={index}>{piece.text}</ins>
  return <span key={index}>{piece.text}</span>
}
