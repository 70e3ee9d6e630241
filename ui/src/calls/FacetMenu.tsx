import { Button, Popover } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconChevronDown } from '@tabler/icons-react'
import { chosenValues, withChosenValues, type ListState } from '../state/list-state'
import { FacetList } from './FacetList'

interface Props {
  path: string
  label: string
  state: ListState
  onChange: (state: ListState) => void
}

/** One field's values with counts, to tick. */
export function FacetMenu({ path, label, state, onChange }: Props) {
  const [opened, { toggle, close }] = useDisclosure(false)
  const chosen = chosenValues(state, path)
  return (
    <Popover opened={opened} onChange={(open) => !open && close()} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant={chosen.length > 0 ? 'light' : 'default'}
          rightSection={<IconChevronDown size={13} />}
          onClick={toggle}
          aria-label={`Filter by ${label.toLowerCase()}${chosen.length > 0 ? `: ${chosen.join(', ')}` : ''}`}
        >
          {chosen.length === 0 ? label : chosen.length === 1 ? chosen[0] : `${label}: ${chosen.length}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <FacetList
          path={path}
          label={label}
          state={state}
          chosen={chosen}
          onChosen={(values) => onChange(withChosenValues(state, path, values))}
        />
      </Popover.Dropdown>
    </Popover>
  )
}
