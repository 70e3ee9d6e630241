import { ActionIcon, Autocomplete, Button, Textarea } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconPlus, IconX } from '@tabler/icons-react'
import { useRef } from 'react'
import classes from './TemplateEditor.module.css'
import { offsetOf, type DraftMessage, type Place } from './version-draft'

interface Props {
  label: string
  value: string
  onChange: (text: string) => void
  /** Where something is wrong in it. */
  place: Place | null
  error: string | undefined
}

/** A template to be written; a place that is wrong can be gone to. */
export function TemplateEditor({ label, value, onChange, place, error }: Props) {
  const area = useRef<HTMLTextAreaElement>(null)
  const go = () => {
    if (!place || !area.current) return
    const at = offsetOf(value, place)
    area.current.focus()
    area.current.setSelectionRange(at, Math.min(value.length, at + 1))
  }
  return (
    <Textarea
      ref={area}
      size="xs"
      aria-label={label}
      autosize
      minRows={5}
      maxRows={28}
      spellCheck={false}
      placeholder="Answer {{question}} in a {{tone}} tone."
      classNames={{ input: classes.code }}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={
        error && (
          <span className={classes.error}>
            {error}
            {place && (
              <button type="button" onClick={go}>
                Go there
              </button>
            )}
          </span>
        )
      }
    />
  )
}

const roles = ['system', 'developer', 'user', 'assistant', 'tool']

interface MessagesProps {
  messages: DraftMessage[]
  onChange: (messages: DraftMessage[]) => void
  place: Place | null
  error: string | undefined
}

export function MessageEditors({ messages, onChange, place, error }: MessagesProps) {
  const put = (index: number, part: Partial<DraftMessage>) =>
    onChange(messages.map((each, at) => (at === index ? { ...each, ...part } : each)))
  const swap = (index: number, other: number) => {
    const next = [...messages]
    const [a, b] = [next[index], next[other]]
    if (!a || !b) return
    next[index] = b
    next[other] = a
    onChange(next)
  }
  return (
    <div className={classes.messages}>
      {messages.map((message, index) => {
        const here = place?.message === index ? place : null
        const name = `Message ${index + 1}`
        return (
          <section key={index} aria-label={name} className={classes.message} data-role={message.role}>
            <div className={classes.head}>
              <Autocomplete
                size="xs"
                aria-label={`Role of ${name.toLowerCase()}`}
                className={classes.role}
                data={roles}
                // All are offered, whatever stands there.
                filter={({ options }) => options}
                value={message.role}
                onChange={(role) => put(index, { role })}
              />
              <span className={classes.gap} />
              <ActionIcon
                size="sm"
                aria-label={`Move ${name.toLowerCase()} up`}
                disabled={index === 0}
                onClick={() => swap(index, index - 1)}
              >
                <IconArrowUp size={14} />
              </ActionIcon>
              <ActionIcon
                size="sm"
                aria-label={`Move ${name.toLowerCase()} down`}
                disabled={index === messages.length - 1}
                onClick={() => swap(index, index + 1)}
              >
                <IconArrowDown size={14} />
              </ActionIcon>
              <ActionIcon
                size="sm"
                aria-label={`Remove ${name.toLowerCase()}`}
                onClick={() => onChange(messages.filter((_, at) => at !== index))}
              >
                <IconX size={14} />
              </ActionIcon>
            </div>
            <TemplateEditor
              label={name}
              value={message.content}
              onChange={(content) => put(index, { content })}
              place={here}
              error={here ? error : undefined}
            />
          </section>
        )
      })}
      <div>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconPlus size={13} />}
          onClick={() => onChange([...messages, { role: nextRole(messages), content: '' }])}
        >
          Message
        </Button>
      </div>
    </div>
  )
}

function nextRole(messages: DraftMessage[]): string {
  const last = messages.at(-1)?.role
  return last === undefined ? 'system' : last === 'user' ? 'assistant' : 'user'
}
