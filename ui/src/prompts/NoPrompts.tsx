import { Link } from '@tanstack/react-router'
import { FirstOne } from '../components/FirstOne'

const commands = `steno prompts create answer --text "Answer {{question}} in a {{tone}} tone." --label production
steno prompts sync prompts/ --push            # prompts that are files already
steno prompts import prompt_registry.json`

/** Nothing in the registry: how a prompt comes in. */
export function NoPrompts() {
  return (
    <FirstOne name="First prompt" title="The registry has no prompts yet" commands={commands}>
      A prompt has versions that never change, and labels such as production that move from one to the other.
      Calls that name it (header <span className="mono">x-steno-prompt-name</span>, or the SDKs) are measured
      by version. <Link to="/new-prompt">Write the first one here</Link>, or:
    </FirstOne>
  )
}
