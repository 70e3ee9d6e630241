import type { ReactNode } from 'react'
import { CopyButton } from './CopyButton'
import classes from './FirstOne.module.css'

interface Props {
  /** "First prompt" */
  name: string
  title: string
  /** What one is. */
  children: ReactNode
  /** How the first comes in. */
  commands: string
}

/** In the place of a list of which there is nothing yet. */
export function FirstOne({ name, title, children, commands }: Props) {
  return (
    <section className={classes.box} aria-label={name}>
      <h2>{title}</h2>
      <p className="dim">{children}</p>
      <div className={classes.code}>
        <pre>{commands}</pre>
        <span className={classes.copy}>
          <CopyButton text={commands} what="commands" />
        </span>
      </div>
    </section>
  )
}
