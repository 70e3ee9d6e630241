import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { readApiKey } from '../api/key'
import type { PromptVersion } from '../api/registry-types'
import { CopyButton } from '../components/CopyButton'
import classes from './FetchSnippets.module.css'
import { fetchSnippets } from './snippets'

interface Props {
  version: PromptVersion
  /** Labels of a prompt that is archived are not answered. */
  archived: boolean
}

/** How a program gets this version: by a label that stands on it, which may move, or by its number, which stays. */
export function FetchSnippets({ version, archived }: Props) {
  const labels = (archived ? [] : [...version.labels]).sort(
    (a, b) => Number(b === 'production') - Number(a === 'production'),
  )
  const [by, setBy] = useState(labels[0] ?? '')
  const snippets = fetchSnippets({
    origin: window.location.origin,
    prompt: version.name,
    ...(by ? { label: by } : { version: version.version }),
    withKey: readApiKey() !== '',
  })
  const [language, setLanguage] = useState('curl')
  const shown = snippets.find((each) => each.id === language) ?? snippets[0]
  if (!shown) return null
  return (
    <div>
      <div className={classes.choices}>
        <SegmentedControl
          size="xs"
          aria-label="Language"
          value={shown.id}
          onChange={setLanguage}
          data={snippets.map(({ id, label }) => ({ value: id, label }))}
        />
        <label className={classes.by}>
          by{' '}
          <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
            {labels.map((label) => (
              <option key={label} value={label}>
                label {label}
              </option>
            ))}
            <option value="">number {version.version}</option>
          </select>
        </label>
      </div>
      <div className={classes.box}>
        <pre>{shown.code}</pre>
        <span className={classes.copy}>
          <CopyButton text={shown.code} what={shown.label} />
        </span>
      </div>
      <p className="dim">
        {by ? `Whatever version has the label “${by}” when it asks.` : 'This version, wherever labels stand.'}{' '}
        Calls made with it say so by <span className="mono">x-steno-prompt-name</span> and{' '}
        <span className="mono">x-steno-prompt-version</span>.
      </p>
    </div>
  )
}
