import {
  createColumnHelper,
  columnVisibilityFeature,
  columnOrderingFeature,
  tableFeatures,
} from '@tanstack/react-table'
import { Link } from '@tanstack/react-router'
import type { Call } from '../api/types'
import { CopyButton } from '../components/CopyButton'
import { StatusMark } from '../components/Mark'
import { Money } from '../components/Money'
import { TimeText } from '../components/TimeText'
import { describeEmbedding, plainInput } from '../format/embedding'
import { markOutput } from '../format/estimated'
import { formatCount } from '../format/number'
import { formatDuration } from '../format/time'
import { whyWithheld } from '../format/withheld'
import { ReplayMark } from '../replay/ReplayMark'
import { withoutPanel } from '../state/list-state'
import { Tokens } from './Tokens'
import classes from './CallTable.module.css'

export const features = tableFeatures({ columnVisibilityFeature, columnOrderingFeature })

/** How a column looks and behaves; widths are CSS pixels, `grow` shares what is left. */
export interface ColumnSpec {
  id: string
  label: string
  width: number
  grow?: number
  right?: boolean
  /** The API's name to order by. */
  order?: string
  /** Stays when a call is open beside the list. */
  narrow?: boolean
  /** Its width on a phone, where only such columns are shown unless others were chosen. */
  phone?: number
}

const specs: (ColumnSpec & { cell: (call: Call) => React.ReactNode })[] = [
  { id: 'time', label: 'Time', width: 108, order: 'started_at', narrow: true, phone: 92, cell: timeCell },
  {
    id: 'status',
    label: 'Status',
    width: 98,
    narrow: true,
    phone: 104,
    cell: (call) => <StatusMark status={call.status} />,
  },
  { id: 'provider', label: 'Provider', width: 94, cell: (call) => text(call.provider?.name) },
  { id: 'model', label: 'Model', width: 150, narrow: true, cell: modelCell },
  { id: 'name', label: 'Name · kind', width: 170, cell: nameCell },
  {
    id: 'prompt',
    label: 'Prompt',
    width: 140,
    grow: 1,
    narrow: true,
    phone: 110,
    cell: promptCell,
  },
  { id: 'answer', label: 'Answer', width: 140, grow: 1, cell: answerCell },
  {
    id: 'tokens',
    label: 'Tokens in → out',
    width: 146,
    right: true,
    order: 'usage.input_tokens',
    cell: (call) => <Tokens usage={call.usage} />,
  },
  {
    id: 'cached',
    label: 'Cached',
    width: 84,
    right: true,
    order: 'usage.cache_read_tokens',
    cell: (call) => count(call.usage?.cache_read_tokens),
  },
  {
    id: 'cost',
    label: 'Cost',
    width: 112,
    right: true,
    order: 'cost.total',
    narrow: true,
    cell: costCell,
  },
  {
    id: 'duration',
    label: 'Duration',
    width: 78,
    right: true,
    order: 'time.duration_ms',
    narrow: true,
    cell: (call) => duration(call.time?.duration_ms),
  },
  {
    id: 'ttft',
    label: 'TTFT',
    width: 70,
    right: true,
    order: 'time.time_to_first_token_ms',
    cell: (call) => duration(call.time?.time_to_first_token_ms),
  },
  { id: 'user', label: 'User', width: 78, cell: (call) => text(call.who?.user_id) },
  { id: 'session', label: 'Session', width: 96, cell: (call) => text(call.trace?.session_id) },
  { id: 'request', label: 'Request', width: 110, cell: requestCell },
  { id: 'tags', label: 'Tags', width: 124, cell: tagsCell },
  { id: 'agent', label: 'Agent', width: 92, cell: (call) => text(call.trace?.agent) },
  { id: 'prompt_type', label: 'Prompt type', width: 120, cell: (call) => text(call.prompt?.type) },
  { id: 'prompt_name', label: 'Prompt name', width: 150, cell: promptNameCell },
  { id: 'feedback', label: 'Feedback', width: 86, cell: (call) => text(call.feedback?.verdict) },
  { id: 'project', label: 'Project', width: 92, cell: (call) => text(call.project) },
  { id: 'environment', label: 'Environment', width: 100, cell: (call) => text(call.environment) },
  { id: 'id', label: 'Call id', width: 296, cell: idCell },
]

export const columnSpecs: ReadonlyMap<string, ColumnSpec> = new Map(specs.map((spec) => [spec.id, spec]))
export const allColumnIds = specs.map((spec) => spec.id)
export const defaultColumnIds = [
  'time',
  'status',
  'provider',
  'model',
  'prompt',
  'answer',
  'tokens',
  'cost',
  'duration',
  'ttft',
  'user',
  'tags',
]

export const phoneColumnIds = specs.filter((spec) => spec.phone !== undefined).map((spec) => spec.id)

const helper = createColumnHelper<typeof features, Call>()

export const columns = helper.columns(
  specs.map((spec) =>
    helper.display({ id: spec.id, header: spec.label, cell: ({ row }) => spec.cell(row.original) }),
  ),
)

function text(value: string | undefined) {
  return value ? <span title={value}>{value}</span> : null
}

function count(value: number | undefined) {
  return value === undefined ? null : formatCount(value)
}

function duration(millis: number | undefined) {
  return millis === undefined ? null : formatDuration(millis)
}

function timeCell(call: Call) {
  return (
    <Link
      to="/calls/$callId"
      params={{ callId: call.id }}
      search={withoutPanel}
      className={classes.link}
      tabIndex={-1}
      onClick={(event) => event.stopPropagation()}
    >
      <TimeText at={call.started_at} />
    </Link>
  )
}

function modelCell(call: Call) {
  const { requested, served } = call.model ?? {}
  if (!requested && !served) return <span className="dim">{call.name}</span>
  const title = served && served !== requested ? `${requested ?? '?'}\nserved by ${served}` : requested
  return <span title={title}>{requested ?? served}</span>
}

function nameCell(call: Call) {
  return (
    <span title={`${call.name ?? ''} · ${call.kind ?? ''}`}>
      {call.name} <span className="dim">{call.kind}</span>
    </span>
  )
}

function promptCell(call: Call) {
  return (
    <>
      {call.replay?.of && (
        <>
          <ReplayMark call={call} />{' '}
        </>
      )}
      {text(call.kind === 'embedding' ? plainInput(call.preview?.prompt) : call.preview?.prompt)}
    </>
  )
}

function answerCell(call: Call) {
  if (call.error) {
    const words = [call.error.type?.replaceAll('_', ' '), call.error.message].filter(Boolean).join(': ')
    return (
      <span className={classes.error} title={words}>
        {words}
      </span>
    )
  }
  if (call.kind === 'embedding') {
    const words = describeEmbedding(call.preview?.answer)
    if (words) return text(words)
  }
  const withheld = whyWithheld(call)
  if (withheld !== null) {
    return (
      <span className="dim" title={`Not kept, ${withheld}`}>
        not kept
      </span>
    )
  }
  return text(call.preview?.answer)
}

function costCell(call: Call) {
  if (call.cost?.total !== undefined)
    return (
      <>
        {markOutput(call.usage)}
        <Money amount={call.cost.total} currency={call.cost.currency} />
      </>
    )
  if (call.usage?.input_tokens === undefined) return null
  return (
    <span
      className="dim"
      title={`No price is known for this model (${formatCount(call.usage.input_tokens)} tokens in)`}
    >
      unpriced
    </span>
  )
}

function requestCell(call: Call) {
  const id = call.trace?.request_id
  if (!id) return null
  return (
    <Link
      to="/requests/$requestId"
      params={{ requestId: id }}
      title={id}
      tabIndex={-1}
      onClick={(event) => event.stopPropagation()}
    >
      {id}
    </Link>
  )
}

function promptNameCell(call: Call) {
  const { name, version } = call.prompt ?? {}
  if (!name) return null
  return (
    <Link
      to="/prompts/$promptName"
      params={{ promptName: name }}
      search={version ? { version } : {}}
      title={version ? `${name}, version ${version}` : name}
      tabIndex={-1}
      onClick={(event) => event.stopPropagation()}
    >
      {name} {version && <span className="dim">{version}</span>}
    </Link>
  )
}

function tagsCell(call: Call) {
  return (
    <span className={classes.tags} title={call.labels?.tags?.join(', ')}>
      {call.labels?.tags?.map((tag) => (
        <span key={tag} className={classes.tag}>
          {tag}
        </span>
      ))}
    </span>
  )
}

function idCell(call: Call) {
  return (
    <span className={classes.id}>
      <span className="mono">{call.id}</span>
      <CopyButton text={call.id} what="call id" />
    </span>
  )
}
