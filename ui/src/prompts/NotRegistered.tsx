import { Link } from '@tanstack/react-router'
import { CopyButton } from '../components/CopyButton'
import classes from './NotRegistered.module.css'
import { shellWord } from './snippets'

/** In the place of what only the registry knows. */
export function NotRegistered({ name }: { name: string }) {
  const command = `steno prompts create ${shellWord(name)} --text "…"`
  return (
    <section className={classes.none} aria-label="Not in the registry">
      <p>
        The registry does not have it, so there is nothing to show here.{' '}
        <Link to="/new-prompt" search={{ name }}>
          Put it there
        </Link>
        , or:
      </p>
      <p>
        <code className="mono">{command}</code> <CopyButton text={command} what="command" />
      </p>
    </section>
  )
}
