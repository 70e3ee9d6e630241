import { Button } from '@mantine/core'
import { useState } from 'react'
import { plural } from '../format/number'
import classes from './LongText.module.css'

const kShown = 4000

/** Text as it is, white space kept; the far end of a long one on demand. */
export function LongText({ text }: { text: string }) {
  const [all, setAll] = useState(false)
  const long = text.length > kShown * 1.2
  return (
    <div className={classes.text}>
      {long && !all ? text.slice(0, kShown) : text}
      {long && (
        <div>
          <Button size="compact-xs" variant="subtle" onClick={() => setAll(!all)}>
            {all ? 'Show less' : `Show all ${plural(text.length, 'character')}`}
          </Button>
        </div>
      )}
    </div>
  )
}
