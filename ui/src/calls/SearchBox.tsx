import { CloseButton, Kbd, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import classes from './FilterBar.module.css'

/** Full-text search over prompts and answers; "/" puts the cursor here. */
export function SearchBox({ text, onText }: { text: string; onText: (text: string) => void }) {
  const [draft, setDraft] = useState(text)
  const sent = useRef(text)
  const input = useRef<HTMLInputElement>(null)
  const send = useDebouncedCallback((value: string) => {
    sent.current = value.trim()
    onText(value.trim())
  }, 250)

  // The address changed under us (Back, a removed pill), not through typing here.
  useEffect(() => {
    if (text === sent.current) return
    sent.current = text
    setDraft(text)
  }, [text])

  const change = (value: string) => {
    setDraft(value)
    send(value)
  }
  return (
    <TextInput
      ref={input}
      id="search"
      size="xs"
      className={classes.search}
      placeholder="Search prompts and answers"
      aria-label="Search prompts and answers"
      leftSection={<IconSearch size={14} />}
      rightSection={
        draft ? (
          <CloseButton size="xs" aria-label="Clear the search" onClick={() => change('')} />
        ) : (
          <Kbd size="xs">/</Kbd>
        )
      }
      value={draft}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        input.current?.blur()
      }}
    />
  )
}
