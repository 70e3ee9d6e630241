import { Link } from '@tanstack/react-router'
import { CopyButton } from '../components/CopyButton'
import classes from './NoPrompts.module.css'

const commands = `steno prompts create answer --text "Answer {{question}} in a {{tone}} tone." --label production
steno prompts sync prompts/ --push            # prompts that are files already
steno prompts import prompt_registry.json`

/** Nothing in the registry: how a prompt comes in. */
export function NoPrompts() {
  return (
    <section className={classes.box} aria-label="First prompt">
      <h2>The registry has no prompts yet</h2>
      <p className="dim">
        A prompt has versions that never change, and labels such as production that move from one to the
        other. Calls that name it (header <span className="mono">x-steno-prompt-name</span>, or the SDKs) are
        measured by version. <Link to="/new-prompt">Write the first one here</Link>, or:
      </p>
      <div className={classes.code}>
        <pre>{commands}</pre>
        <span className={classes.copy}>
          <CopyButton text={commands} what="commands" />
        </span>
      </div>
    </section>
  )
}
