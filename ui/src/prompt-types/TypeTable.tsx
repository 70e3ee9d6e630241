import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { PromptType } from '../api/prompt-type-queries'
import { Money } from '../components/Money'
import { SettingSwitch } from '../components/SettingSwitch'
import { TimeText } from '../components/TimeText'
import { formatCount, formatShare, plural } from '../format/number'
import { readAuthorName } from '../state/author'
import { sayRate } from './settings-words'
import classes from './TypeTable.module.css'
import { useTypeChange, type Told } from './use-type-change'

interface Props {
  types: PromptType[]
  defaultTracks: boolean
  order: string
  onOrder: (order: string) => void
  selected: ReadonlySet<string>
  onSelect: (types: string[], selected: boolean) => void
  /** Where the keyboard is. */
  active: string | undefined
  onTold: (told: Told | null) => void
}

interface Column {
  label: string
  /** What the API calls this order. */
  order?: string
  title?: string
  right?: boolean
}

const columns: Column[] = [
  { label: 'Prompt type', order: 'type' },
  { label: 'Full data', title: 'track_full_data: prompts and answers are kept, or of the latest call alone' },
  { label: 'Active', title: 'is_active: off, figures alone are kept, and lists leave the calls out' },
  { label: 'Sampling', title: 'Of so many calls prompts and answers are kept; figures are kept of all' },
  { label: 'Retention', title: 'The retention class of calls that name none' },
  { label: 'Calls', order: 'calls', title: 'AI calls, those that retention removed included', right: true },
  {
    label: 'Failures',
    order: 'failures',
    title: 'The share of its calls that failed, and how many',
    right: true,
  },
  { label: 'Cost', order: 'cost', title: 'Of all its calls that have a price', right: true },
  { label: 'Average', order: 'average_cost', title: 'Cost of a call', right: true },
  { label: 'Last called', order: 'last_called_at', right: true },
]

export function TypeTable(props: Props) {
  const { types, order, onOrder, selected, onSelect } = props
  const all = useRef<HTMLInputElement>(null)
  const chosen = types.filter(({ type }) => selected.has(type)).length
  useEffect(() => {
    if (all.current) all.current.indeterminate = chosen > 0 && chosen < types.length
  }, [chosen, types.length])
  return (
    <table className={classes.table} aria-label="Prompt types">
      <thead>
        <tr>
          <th className={classes.check}>
            <input
              ref={all}
              type="checkbox"
              aria-label="Select all that are shown"
              checked={types.length > 0 && chosen === types.length}
              onChange={(event) =>
                onSelect(
                  types.map(({ type }) => type),
                  event.currentTarget.checked,
                )
              }
            />
          </th>
          {columns.map((column) => (
            <Head key={column.label} column={column} order={order} onOrder={onOrder} />
          ))}
        </tr>
      </thead>
      <tbody>
        {types.map((each) => (
          <Row key={each.type} {...props} one={each} />
        ))}
      </tbody>
    </table>
  )
}

function Head({
  column: { label, order: by, title, right },
  order,
  onOrder,
}: {
  column: Column
  order: string
  onOrder: (order: string) => void
}) {
  const direction = by && order === `-${by}` ? 'descending' : by && order === by ? 'ascending' : 'none'
  // Of figures the greatest are wanted first, of names the first.
  const usual = by === 'type' ? by : `-${by}`
  const other = by === 'type' ? `-${by}` : (by ?? '')
  return (
    <th
      scope="col"
      className={right ? classes.number : undefined}
      aria-sort={by ? direction : undefined}
      title={title}
    >
      {by ? (
        <button
          type="button"
          className={classes.sort}
          onClick={() => onOrder(order === usual ? other : usual)}
        >
          {label}
          {direction === 'descending' && <IconArrowDown size={12} aria-hidden="true" />}
          {direction === 'ascending' && <IconArrowUp size={12} aria-hidden="true" />}
        </button>
      ) : (
        label
      )}
    </th>
  )
}

function Row({ one, defaultTracks, selected, onSelect, active, onTold }: Props & { one: PromptType }) {
  const navigate = useNavigate()
  const change = useTypeChange(one.type, onTold)
  const { type, totals } = one
  // What was asked for is shown until the answer is there.
  const settings = { ...one.settings, ...(change.isPending ? change.variables.change : {}) }
  const set = (wanted: { track_full_data: boolean } | { is_active: boolean }) =>
    change.mutate({ seen: one, change: wanted, author: { by: readAuthorName(), reason: '' } })
  const asDefault = settings.track_full_data === null
  return (
    <tr
      data-active={type === active || undefined}
      data-off={!settings.is_active || undefined}
      onClick={(event) => {
        // Marking text is not choosing a row; links and switches are their own.
        if (window.getSelection()?.toString() || (event.target as HTMLElement).closest('a, input, label'))
          return
        void navigate({ to: '/prompt-types/$promptType', params: { promptType: type } })
      }}
    >
      <td className={classes.check}>
        <input
          type="checkbox"
          aria-label={`Select ${type}`}
          checked={selected.has(type)}
          onChange={(event) => onSelect([type], event.currentTarget.checked)}
        />
      </td>
      <th scope="row" className={classes.name}>
        <Link to="/prompt-types/$promptType" params={{ promptType: type }} className={classes.link}>
          {type}
        </Link>
        {settings.description && <div className={classes.description}>{settings.description}</div>}
      </th>
      <td className={classes.switch} data-label="Full data">
        <SettingSwitch
          label={`Full data of ${type}`}
          on={settings.track_full_data ?? defaultTracks}
          busy={change.isPending}
          onChange={(on) => set({ track_full_data: on })}
          title={
            settings.is_active ? undefined : 'Without effect: it is not active, so figures alone are kept'
          }
        />
        {asDefault && (
          <span
            className={classes.small}
            title="Nothing is set: as prompt_types.default_track_full_data says"
          >
            default
          </span>
        )}
      </td>
      <td className={classes.switch} data-label="Active">
        <SettingSwitch
          label={`${type} is active`}
          on={settings.is_active ?? true}
          busy={change.isPending}
          onChange={(on) => set({ is_active: on })}
        />
      </td>
      <td data-label="Sampling" data-usual={(settings.sample_rate ?? 1) === 1 || undefined}>
        {sayRate(settings.sample_rate ?? 1)}
        {settings.text_limit != null && (
          <div className={classes.small}>cut to {plural(settings.text_limit, 'byte')}</div>
        )}
      </td>
      <td className={classes.retention} data-label="Retention" data-usual={!settings.retention || undefined}>
        {settings.retention ?? <span className="dim">—</span>}
      </td>
      <td className={classes.number} data-label="Calls">
        {totals.calls === 0 ? (
          <span className="dim">0</span>
        ) : (
          <Link
            to="/"
            search={{ 'prompt.type': type, range: 'all' }}
            title={`Its ${plural(totals.calls, 'call')}${totals.removed_calls > 0 ? `, ${formatCount(totals.removed_calls)} of them removed by retention` : ''}`}
          >
            {formatCount(totals.calls)}
          </Link>
        )}
      </td>
      <td className={classes.number} data-label="Failures">
        {totals.failures === 0 ? (
          <span className="dim">0</span>
        ) : (
          <>
            <span className={classes.rate}>{formatShare(totals.failure_rate ?? 0)}</span>{' '}
            {formatCount(totals.failures)}
          </>
        )}
      </td>
      <td className={classes.number} data-label="Cost">
        <Costs of={one} part="total" />
        {totals.unpriced_calls > 0 && (
          <div className={classes.unpriced} title="They are not in the sum">
            + {formatCount(totals.unpriced_calls)} unpriced
          </div>
        )}
      </td>
      <td className={classes.number} data-label="Average" data-second="true">
        <Costs of={one} part="average" />
      </td>
      <td className={classes.number} data-label="Last called" data-second="true">
        <TimeText at={totals.last_called_at ?? undefined} />
      </td>
    </tr>
  )
}

/** Each currency by itself. */
function Costs({ of: { totals }, part }: { of: PromptType; part: 'total' | 'average' }) {
  if (totals.cost.length === 0) return <span className="dim">—</span>
  return totals.cost.map((each) => (
    <div key={each.currency}>
      <Money amount={each[part]} currency={each.currency} />
    </div>
  ))
}
