import { Select } from '@mantine/core'
import type { VersionFacts } from '../api/registry-types'

interface Props {
  label: string
  versions: VersionFacts[]
  value: string
  onChange: (version: string) => void
  className?: string
}

/** One of the versions, to be searched by number, label and notes; the list shows the first of them. */
export function VersionSelect({ label, versions, value, onChange, className }: Props) {
  return (
    <Select
      size="xs"
      label={label}
      className={className}
      searchable
      placeholder="choose one"
      allowDeselect={false}
      limit={60}
      nothingFoundMessage="no such version"
      maxDropdownHeight={280}
      value={value || null}
      onChange={(next) => next !== null && onChange(next)}
      data={versions.map((each) => ({ value: each.version, label: describe(each) }))}
    />
  )
}

function describe({ version, labels, notes }: VersionFacts): string {
  const short = notes.length > 40 ? `${notes.slice(0, 39)}…` : notes
  return [version, labels.join(', '), short].filter(Boolean).join(' · ')
}
