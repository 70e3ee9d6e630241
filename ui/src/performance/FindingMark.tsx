import type { Finding } from '../api/registry-types'
import classes from './FindingMark.module.css'

const words: Record<Finding | 'negligible', { word: string; sign: string; meaning: string }> = {
  better: { word: 'better', sign: '▲', meaning: 'Settled: that is hardly chance.' },
  worse: { word: 'worse', sign: '▼', meaning: 'Settled: that is hardly chance.' },
  higher: { word: 'more', sign: '↑', meaning: 'Settled; whether more is good, nobody says.' },
  lower: { word: 'less', sign: '↓', meaning: 'Settled; whether less is good, nobody says.' },
  leaning: {
    word: 'leaning',
    sign: '◐',
    meaning: 'The interval leaves out 0, but among so many comparisons that can be chance.',
  },
  negligible: {
    word: 'negligible',
    sign: '=',
    meaning: 'Settled: the difference is smaller than what would matter.',
  },
  open: { word: 'open', sign: '○', meaning: 'It may be more or less.' },
  unknown: { word: 'unknown', sign: '?', meaning: 'Nothing can be said.' },
}

/** What came of a comparison, as shape, colour and word. */
export function FindingMark({ finding }: { finding: Finding | 'negligible' }) {
  const { word, sign, meaning } = words[finding]
  return (
    <span className={classes.mark} data-finding={finding} title={meaning}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  )
}
