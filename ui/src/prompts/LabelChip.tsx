import { IconLock } from '@tabler/icons-react'
import classes from './LabelChip.module.css'

/** A label; with `version`, where it stands. */
export function LabelChip({
  label,
  version,
  locked = false,
}: {
  label: string
  version?: string | null
  locked?: boolean
}) {
  const where = version === undefined ? '' : version === null ? ', on no version' : `, on version ${version}`
  return (
    <span
      className={classes.chip}
      data-label={label}
      title={`${label}${where}${locked ? '; protected: it moves only if that is forced' : ''}`}
    >
      {locked && <IconLock size={11} aria-label="protected" />}
      <span className={classes.name}>{label}</span>
      {version !== undefined && <strong>{version ?? '—'}</strong>}
    </span>
  )
}
