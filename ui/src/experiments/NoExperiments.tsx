import { FirstOne } from '../components/FirstOne'

const commands = `steno experiments create --help`

/** None yet: what one is, and how it is made. */
export function NoExperiments() {
  return (
    <FirstOne name="First experiment" title="There are no experiments yet" commands={commands}>
      An experiment gives some of your users another version of a prompt, another model or other parameters,
      and says whether that is better, as soon as it can be said: its results may be looked at as often as you
      like.
    </FirstOne>
  )
}
