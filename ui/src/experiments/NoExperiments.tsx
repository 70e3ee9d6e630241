import { FirstOne } from '../components/FirstOne'

/** With the names of a prompt and of a metric that many have. */
export const createCommand =
  'steno experiments create tone --prompt answer --variant control --variant short,version=2 --metric acceptance_rate'

const commands = `${createCommand}
steno experiments start tone
steno experiments create --help      # models and parameters, prompt types, guards, rules`

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
