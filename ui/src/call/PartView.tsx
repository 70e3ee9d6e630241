import { IconBrain, IconFile, IconMusic, IconPhoto, IconTool, IconVideo } from '@tabler/icons-react'
import type { Part } from '../api/types'
import { CopyButton } from '../components/CopyButton'
import { JsonView } from '../components/JsonView'
import { parseJsonContainer } from '../format/json'
import { formatBytes, plural } from '../format/number'
import { LongText } from './LongText'
import classes from './PartView.module.css'

export function PartView({ part }: { part: Part }) {
  switch (part.type) {
    case 'text':
      return <TextPart text={part.text ?? ''} />
    case 'reasoning':
      return <Reasoning text={part.text ?? ''} />
    case 'tool_call':
      return (
        <ToolBox
          title={part.name ?? 'tool'}
          id={part.id}
          value={part.value}
          text={part.text}
          empty="no arguments"
        />
      )
    case 'tool_result':
      return (
        <ToolBox
          title={part.name ? `${part.name} answered` : 'answered'}
          id={part.id}
          value={part.value}
          text={part.text}
          empty="nothing"
        />
      )
    case 'image':
    case 'audio':
    case 'video':
    case 'document':
      return <Media part={part} />
    default:
      return <JsonView value={part.value ?? part} />
  }
}

function TextPart({ text }: { text: string }) {
  const json = parseJsonContainer(text)
  return json === undefined ? <LongText text={text} /> : <JsonView value={json} />
}

function Reasoning({ text }: { text: string }) {
  return (
    <details className={classes.reasoning}>
      <summary>
        <IconBrain size={14} aria-hidden="true" /> Reasoning{' '}
        <span className="dim">{plural(text.length, 'character')}</span>
      </summary>
      {text ? <LongText text={text} /> : <p className="dim">The provider kept it to itself.</p>}
    </details>
  )
}

interface ToolProps {
  title: string
  id?: string
  value?: unknown
  text?: string
  empty: string
}

function ToolBox({ title, id, value, text, empty }: ToolProps) {
  // Some providers send arguments as a string of JSON, not always a whole one.
  const content = typeof value === 'string' ? (parseJsonContainer(value) ?? value) : value
  return (
    <section className={classes.tool} aria-label={title}>
      <header>
        <IconTool size={14} aria-hidden="true" />
        <strong className="mono">{title}</strong>
        {id && (
          <span className={classes.toolId}>
            <span className="mono dim">{id}</span>
            <CopyButton text={id} what="tool call id" />
          </span>
        )}
      </header>
      {content !== undefined && typeof content !== 'string' && <JsonView value={content} />}
      {typeof content === 'string' && <LongText text={content} />}
      {text && <TextPart text={text} />}
      {content === undefined && !text && <span className="dim">{empty}</span>}
    </section>
  )
}

const icons = { image: IconPhoto, audio: IconMusic, video: IconVideo, document: IconFile }

/** A placeholder: media is never loaded into the page, from another host least of all. */
function Media({ part }: { part: Part }) {
  const Icon = icons[part.type as keyof typeof icons]
  const inline = part.url?.startsWith('data:')
  const base64 = inline ? (part.url?.length ?? 0) - (part.url?.indexOf(',') ?? 0) - 1 : 0
  const where = inline ? `${formatBytes(Math.floor((base64 * 3) / 4))} inline` : part.url
  return (
    <div className={classes.media}>
      <Icon size={20} aria-hidden="true" />
      <span>
        <strong>{part.name ?? part.type}</strong>
        <span className="dim">{[part.mime, where].filter(Boolean).join(' · ')}</span>
      </span>
    </div>
  )
}
