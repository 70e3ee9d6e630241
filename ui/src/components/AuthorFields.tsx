import { TextInput } from '@mantine/core'
import type { Author } from '../api/change-author'
import classes from './AuthorFields.module.css'

/** Who makes a change, and why, for its history. */
export function AuthorFields({ author, onChange }: { author: Author; onChange: (author: Author) => void }) {
  return (
    <div className={classes.words}>
      <TextInput
        size="xs"
        label="Your name"
        value={author.by}
        onChange={(event) => onChange({ ...author, by: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        label="Why"
        placeholder="kept in the history"
        value={author.reason}
        onChange={(event) => onChange({ ...author, reason: event.currentTarget.value })}
      />
    </div>
  )
}
