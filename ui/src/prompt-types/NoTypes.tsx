import { FirstOne } from '../components/FirstOne'

const ways = `x-steno-prompt-type: generate_alt_text                # a header, at the gateway
with steno.prompt("generate_alt_text"): ...          # Python
steno prompt-types set generate_alt_text --full-data off   # before the first call, too`

/** No call has a type yet: how one comes in. */
export function NoTypes() {
  return (
    <FirstOne name="First prompt type" title="No call carries a prompt type yet" commands={ways}>
      A prompt type names what a prompt is for. It is here from the first call on that carries it; then you
      see what it costs and how its latest call went, and say what is kept of it.
    </FirstOne>
  )
}
