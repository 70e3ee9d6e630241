import type { Message } from '../api/types'
import { CopyButton } from '../components/CopyButton'
import classes from './MessageView.module.css'
import { PartView } from './PartView'

const roleNames: Record<string, string> = {
  system: 'System',
  developer: 'Developer',
  user: 'User',
  assistant: 'Assistant',
  model: 'Assistant',
  tool: 'Tool result',
  function: 'Tool result',
}

export function MessageView({
  message,
  answer = false,
  label,
}: {
  message: Message
  answer?: boolean
  label?: string
}) {
  const role = message.role ?? 'unknown'
  const parts = message.parts ?? []
  const text = parts
    .map((part) => part.text ?? '')
    .filter(Boolean)
    .join('\n\n')
  return (
    <article className={classes.message} data-role={role} data-answer={answer || undefined}>
      <header className={classes.head}>
        <span>{label ?? roleNames[role] ?? role}</span>
        {message.name && <span className="dim">{message.name}</span>}
        {text && (
          <span className={classes.copy}>
            <CopyButton text={text} what="text" />
          </span>
        )}
      </header>
      {parts.map((part, index) => (
        <PartView key={index} part={part} />
      ))}
      {parts.length === 0 && <p className="dim">(empty)</p>}
    </article>
  )
}
