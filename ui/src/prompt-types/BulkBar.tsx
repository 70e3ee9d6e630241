import { Button } from '@mantine/core'
import { useState } from 'react'
import { plural } from '../format/number'
import classes from './BulkBar.module.css'
import { BulkDialog } from './BulkDialog'
import { untouched, type SettingsDraft } from './settings-draft'
import type { Told } from './use-type-change'

interface Props {
  types: string[]
  onClear: () => void
  onTold: (told: Told | null) => void
}

const actions: [label: string, draft: Partial<SettingsDraft>][] = [
  ['Keep full data', { full_data: 'on' }],
  ['Only of the latest', { full_data: 'off' }],
  ['Activate', { active: 'on' }],
  ['Deactivate', { active: 'off' }],
  ['Change …', {}],
]

/** What can be done with the types that are selected. */
export function BulkBar({ types, onClear, onTold }: Props) {
  // Not what is selected meanwhile: what is confirmed is what was looked at.
  const [change, setChange] = useState<{ of: string[]; draft: SettingsDraft } | null>(null)
  return (
    <div className={classes.bar} role="toolbar" aria-label="The selected prompt types">
      <strong>{plural(types.length, 'type')} selected</strong>
      {actions.map(([label, wanted]) => (
        <Button
          key={label}
          size="compact-xs"
          variant="default"
          onClick={() => setChange({ of: types, draft: { ...untouched, ...wanted } })}
        >
          {label}
        </Button>
      ))}
      <Button size="compact-xs" variant="subtle" onClick={onClear}>
        Select none
      </Button>
      {change && (
        <BulkDialog
          types={change.of}
          draft={change.draft}
          onClose={() => setChange(null)}
          onDone={(told) => {
            onTold(told)
            onClear()
          }}
        />
      )}
    </div>
  )
}
