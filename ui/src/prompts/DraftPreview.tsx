import { Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { asProblem, type Problem } from '../api/problem'
import { renderingQuery } from '../api/prompt-queries'
import { Notice } from '../components/Notice'
import classes from './DraftPreview.module.css'
import { TemplateText } from './TemplateText'
import { placeOf, valueJson, type DraftVariable, type ReadVersion } from './version-draft'

interface Props {
  read: ReadVersion
  declared: DraftVariable[]
  empty: boolean
  /** What is wrong in what is written, with its place; null: nothing. */
  onProblem: (problem: Problem | null) => void
}

/** What a draft says with its variables filled in, as the server renders it; nothing is kept. */
export function DraftPreview({ read, declared, empty, onProblem }: Props) {
  const [values, setValues] = useState<Record<string, string>>({})
  const given = Object.entries(values).flatMap(([name, text]) => {
    const json = valueJson(text, declared.find((each) => each.name === name)?.type)
    return json === null ? [] : [`${JSON.stringify(name)}:${json}`]
  })
  const [asked] = useDebouncedValue({ content: read.content, values: `{${given.join(',')}}` }, 350)
  const renderable = !empty && Object.keys(read.wrong).length === 0
  const { data, error, isPlaceholderData } = useQuery({
    ...renderingQuery(asked.content, asked.values),
    enabled: renderable,
  })
  const problem = renderable && error ? asProblem(error) : null
  // A value of another type, or an include that is not there yet, is no fault of what is written.
  const wrong = problem && placeOf(problem.detail) ? problem : null
  useEffect(() => onProblem(wrong), [wrong?.message])

  // While a template is being written its variables stay where they are.
  const names = useRef<string[]>([])
  if (data && !isPlaceholderData && !error)
    names.current = [
      ...new Set([...data.used, ...data.missing, ...declared.map((each) => each.name)]),
    ].filter(Boolean)
  const rendered = data?.messages ?? (data?.text === undefined ? [] : [{ role: 'text', content: data.text }])
  return (
    <aside className={classes.preview} aria-label="Preview">
      <div className={classes.sticky}>
        <h2>Preview</h2>
        {empty && <p className="dim">What is written comes here, with its variables filled in.</p>}
        {!empty && names.current.length > 0 && (
          <div className={classes.values}>
            {names.current.map((name) => (
              <TextInput
                key={name}
                size="xs"
                label={name}
                classNames={{ label: 'mono' }}
                placeholder={placeholderOf(declared.find((each) => each.name === name))}
                value={values[name] ?? ''}
                onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
              />
            ))}
          </div>
        )}
        {!empty && problem && (
          <Notice tone="bad">
            {problem.detail || problem.title}
            {problem.remedy && <> ({problem.remedy})</>}
          </Notice>
        )}
        {!empty && renderable && !data && !error && <Skeleton height={60} aria-label="Rendering" />}
        {!empty && data && !problem && (
          <div className={classes.rendered} aria-busy={isPlaceholderData} aria-live="polite">
            {data.missing.length > 0 && (
              <p className={classes.missing}>Missing, so empty in the text: {data.missing.join(', ')}</p>
            )}
            {rendered.map((message, index) => (
              <TemplateText key={index} role={message.role} template={message.content} rendered />
            ))}
          </div>
        )}
      </div>
    </aside>
  )
}

function placeholderOf(declared: DraftVariable | undefined): string {
  if (!declared) return ''
  if (declared.default !== '') return declared.default
  return declared.type === 'string' ? '' : `${declared.type}, as JSON`
}
