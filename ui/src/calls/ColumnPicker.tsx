import { ActionIcon, Button, Checkbox, Popover, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconColumns3 } from '@tabler/icons-react'
import { allColumnIds, columnSpecs } from './columns'
import classes from './FacetList.module.css'

interface Props {
  shown: string[]
  /** Null: back to the standard columns. */
  onShown: (ids: string[] | null) => void
}

export function ColumnPicker({ shown, onShown }: Props) {
  const [opened, { toggle, close }] = useDisclosure(false)
  const flip = (id: string) => {
    const next = allColumnIds.filter((each) => (each === id ? !shown.includes(id) : shown.includes(each)))
    if (next.length > 0) onShown(next)
  }
  return (
    <Popover opened={opened} onChange={(open) => !open && close()} position="bottom-end" trapFocus>
      <Popover.Target>
        <Tooltip label="Columns">
          <ActionIcon aria-label="Choose columns" onClick={toggle}>
            <IconColumns3 size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <div className={classes.list} style={{ maxHeight: 460 }} role="group" aria-label="Columns">
          {allColumnIds.map((id) => (
            <label key={id} className={classes.item}>
              <Checkbox size="xs" checked={shown.includes(id)} onChange={() => flip(id)} />
              <span className={classes.value}>{columnSpecs.get(id)?.label}</span>
            </label>
          ))}
        </div>
        <Button size="compact-xs" variant="subtle" m={4} onClick={() => onShown(null)}>
          Standard columns
        </Button>
      </Popover.Dropdown>
    </Popover>
  )
}
