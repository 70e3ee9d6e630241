import { dismissWarnings, useWarnings } from '../state/warnings'
import { Notice } from './Notice'
import classes from './Warnings.module.css'

/** What changes have done besides what was asked, until the reader has seen it; pages come and go below. */
export function Warnings() {
  const warnings = useWarnings()
  if (warnings.length === 0) return null
  return (
    <section className={classes.list} aria-label="Warnings">
      {warnings.map(({ number, done, sentences }) => (
        <Notice key={number} tone="warn" onClose={() => dismissWarnings(number)}>
          <strong>{done}.</strong>
          <ul className={classes.sentences}>
            {sentences.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Notice>
      ))}
    </section>
  )
}
