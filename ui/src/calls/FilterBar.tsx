import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react'
import type { Problem } from '../api/problem'
import type { LiveState } from '../live/use-live-calls'
import { SearchBox } from '../components/SearchBox'
import { TimeRangeMenu } from '../components/TimeRangeMenu'
import { canFollow, isFiltered, type ListState } from '../state/list-state'
import { AddFilter } from './AddFilter'
import { ColumnPicker } from './ColumnPicker'
import { FacetMenu } from './FacetMenu'
import classes from './FilterBar.module.css'
import { FilterPills } from './FilterPills'

interface Props {
  state: ListState
  onChange: (state: ListState, replace?: boolean) => void
  shown: string[]
  onShown: (ids: string[] | null) => void
  live: { state: LiveState; problem: Problem | null }
}

const menus = [
  { path: 'status', label: 'Status' },
  { path: 'provider.name', label: 'Provider' },
  { path: 'model.requested', label: 'Model' },
]

export function FilterBar({ state, onChange, shown, onShown, live }: Props) {
  return (
    <div className={classes.bar} role="search" aria-label="Filters">
      <div className={classes.row}>
        <SearchBox
          words="Search prompts and answers"
          text={state.text}
          onText={(text) => onChange({ ...state, text }, true)}
          className={classes.search}
        />
        <TimeRangeMenu state={state} onChange={(range) => onChange({ ...state, ...range })} />
        {menus.map((menu) => (
          <FacetMenu key={menu.path} {...menu} state={state} onChange={onChange} />
        ))}
        <AddFilter state={state} onChange={onChange} />
        <span className={classes.gap} />
        <LiveButton state={state} onChange={onChange} live={live} />
        <ColumnPicker shown={shown} onShown={onShown} />
      </div>
      {isFiltered(state) && (
        <div className={classes.row}>
          <FilterPills state={state} onChange={onChange} />
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => onChange({ ...state, text: '', filters: [] })}
          >
            Clear all
          </Button>
        </div>
      )}
    </div>
  )
}

function LiveButton({ state, onChange, live }: Pick<Props, 'state' | 'onChange' | 'live'>) {
  if (!canFollow(state)) {
    return (
      <Tooltip label="Live updates need the newest first and a time range that is open to the present">
        <span className={classes.liveOff}>not live</span>
      </Tooltip>
    )
  }
  const words = !state.live
    ? 'Paused'
    : live.state === 'live'
      ? 'Live'
      : live.state === 'down'
        ? 'Reconnecting'
        : 'Connecting'
  const action = state.live ? 'Pause live updates' : 'Resume live updates'
  return (
    <span className={classes.live} data-state={state.live ? live.state : 'paused'}>
      <span
        role="status"
        title={live.problem ? `${live.problem.message}\n${live.problem.remedy}` : undefined}
      >
        {words}
      </span>
      <Tooltip label={`${action} (p)`}>
        <ActionIcon
          size="sm"
          aria-label={action}
          onClick={() => onChange({ ...state, live: !state.live }, true)}
        >
          {state.live ? <IconPlayerPauseFilled size={13} /> : <IconPlayerPlayFilled size={13} />}
        </ActionIcon>
      </Tooltip>
    </span>
  )
}
