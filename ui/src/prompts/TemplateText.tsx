import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { CopyButton } from '../components/CopyButton'
import { plural } from '../format/number'
import { includedPrompt, templateParts, type TemplatePart } from './template'
import classes from './TemplateText.module.css'

/** Of longer ones the end is shown on demand: a text may have ten megabytes. */
const kShown = 30_000

const roleNames: Record<string, string> = {
  system: 'System',
  developer: 'Developer',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
  text: 'Text',
}

interface Props {
  role: string
  template: string
  /** It is filled in already: nothing in it is a mark. */
  rendered?: boolean
}

/** One text of a prompt, with what is filled in marked. */
export function TemplateText({ role, template, rendered = false }: Props) {
  const [all, setAll] = useState(false)
  const long = template.length > kShown * 1.2
  const shown = long && !all ? template.slice(0, kShown) : template
  const parts = useMemo(
    () => (rendered ? [{ kind: 'text' as const, text: shown, name: '' }] : templateParts(shown)),
    [shown, rendered],
  )
  return (
    <section className={classes.message} data-role={role} aria-label={roleNames[role] ?? role}>
      <header className={classes.head}>
        <span>{roleNames[role] ?? role}</span>
        <span className={classes.copy}>
          <CopyButton text={template} what="text" />
        </span>
      </header>
      <div className={classes.text}>
        {template === '' ? <span className="dim">(empty)</span> : parts.map(shownPart)}
      </div>
      {long && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(!all)}>
          {all ? 'Show less' : `Show all ${plural(template.length, 'character')}`}
        </Button>
      )}
    </section>
  )
}

function shownPart(part: TemplatePart, index: number) {
  if (part.kind === 'text') return part.text
  if (part.kind === 'include') {
    const { name, which } = includedPrompt(part.name)
    return (
      <Link
        key={index}
        to="/prompts/$promptName"
        params={{ promptName: name }}
        search={which ? { version: which } : {}}
        className={classes.tag}
        data-kind="include"
        title={`The text of the prompt ${name} stands here`}
      >
        {part.text}
      </Link>
    )
  }
  return (
    <span key={index} className={classes.tag} data-kind={part.kind} title={meanings[part.kind]}>
      {part.text}
    </span>
  )
}

const meanings: Partial<Record<TemplatePart['kind'], string>> = {
  variable: 'filled in',
  section: 'begins or ends a part that is repeated or left out',
  comment: 'a comment: it is not sent',
  marks: 'other marks from here on',
}
