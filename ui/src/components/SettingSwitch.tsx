import classes from './SettingSwitch.module.css'

interface Props {
  label: string
  on: boolean
  onChange: (on: boolean) => void
  /** The change is on its way. */
  busy?: boolean
  title?: string
}

/** A switch that acts at once. The browser's own control: a list can have hundreds of them. */
export function SettingSwitch({ label, on, onChange, busy = false, title }: Props) {
  return (
    <input
      type="checkbox"
      role="switch"
      className={classes.switch}
      aria-label={label}
      aria-busy={busy || undefined}
      title={title}
      checked={on}
      // One change at a time; not `disabled`, which would take the keyboard's place away.
      onChange={(event) => !busy && onChange(event.currentTarget.checked)}
    />
  )
}
