import { Button, Popover, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconChevronDown, IconClock } from '@tabler/icons-react'
import { useState } from 'react'
import { epochMillis, formatClock } from '../format/time'
import { rangeMinutes, type RangeName, type TimeRange } from '../state/time-range'
import classes from './TimeRangeMenu.module.css'

const names: Record<Exclude<RangeName, 'custom'>, string> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  all: 'All time',
}
const presets = [...(Object.keys(rangeMinutes) as (keyof typeof rangeMinutes)[]), 'all' as const]

interface Props {
  state: TimeRange
  onChange: (state: TimeRange) => void
  /** What happened in that time, where that is not plain: "Created". */
  of?: string
}

export function TimeRangeMenu({ state, onChange, of }: Props) {
  const [opened, { toggle, close }] = useDisclosure(false)
  const chosen = rangeLabel(state)
  return (
    <Popover opened={opened} onChange={(open) => !open && close()} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconClock size={14} />}
          rightSection={<IconChevronDown size={13} />}
          onClick={toggle}
          aria-label={`${of ?? 'Time range'}: ${chosen}`}
        >
          {of ? `${of}: ${chosen.toLowerCase()}` : chosen}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.box}>
        <div className={classes.presets}>
          {presets.map((name) => (
            <button
              key={name}
              type="button"
              className={classes.preset}
              aria-pressed={state.range === name}
              onClick={() => {
                onChange({ range: name, from: '', to: '' })
                close()
              }}
            >
              {names[name]}
            </button>
          ))}
        </div>
        <CustomRange
          state={state}
          onChange={(next) => {
            onChange(next)
            close()
          }}
        />
      </Popover.Dropdown>
    </Popover>
  )
}

function CustomRange({ state, onChange }: Omit<Props, 'of'>) {
  const [from, setFrom] = useState(toLocalInput(state.from))
  const [to, setTo] = useState(toLocalInput(state.to))
  const wrong = from !== '' && to !== '' && from >= to
  return (
    <form
      className={classes.custom}
      onSubmit={(event) => {
        event.preventDefault()
        if (!wrong && (from || to))
          onChange({ range: 'custom', from: fromLocalInput(from), to: fromLocalInput(to) })
      }}
    >
      <TextInput
        size="xs"
        type="datetime-local"
        step={1}
        label="From"
        value={from}
        onChange={(e) => setFrom(e.currentTarget.value)}
      />
      <TextInput
        size="xs"
        type="datetime-local"
        step={1}
        label="To (open: until now)"
        value={to}
        error={wrong ? 'ends before it begins' : undefined}
        onChange={(e) => setTo(e.currentTarget.value)}
      />
      <span className="dim">{Intl.DateTimeFormat().resolvedOptions().timeZone}</span>
      <Button size="xs" type="submit" disabled={wrong || (!from && !to)}>
        Use this range
      </Button>
    </form>
  )
}

function rangeLabel(state: TimeRange): string {
  if (state.range !== 'custom') return names[state.range]
  if (!state.to) return `Since ${formatClock(state.from)}`
  if (!state.from) return `Until ${formatClock(state.to)}`
  return `${formatClock(state.from)} – ${formatClock(state.to)}`
}

/** "2026-11-20T10:00:00" in local time, as the browser's field wants it. */
function toLocalInput(time: string): string {
  const millis = epochMillis(time)
  if (millis === null) return ''
  const shifted = new Date(millis - new Date(millis).getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 19)
}

function fromLocalInput(local: string): string {
  return local ? new Date(local).toISOString() : ''
}
