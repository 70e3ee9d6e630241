import { CloseButton, Kbd, TextInput } from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { isInDialog } from '../state/in-dialog'

interface Props {
  /** What is searched. */
  words: string
  text: string
  onText: (text: string) => void
  className?: string
}

/** Search while one types; "/" puts the cursor here. */
export function SearchBox({ words, text, onText, className }: Props) {
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

  useHotkeys(
    [
      [
        '/',
        (event) => {
          if (isTypedInto(event.target) || isInDialog(event.target)) return
          event.preventDefault()
          input.current?.focus()
        },
        { preventDefault: false },
      ],
    ],
    ['TEXTAREA', 'SELECT'],
  )

  const change = (value: string) => {
    setDraft(value)
    send(value)
  }
  return (
    <TextInput
      ref={input}
      id="search"
      size="xs"
      className={className}
      placeholder={words}
      aria-label={words}
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

/** A radio button or a checkbox is an input too, and has the focus after a click; nobody types into it. */
function isTypedInto(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type !== 'radio' && target.type !== 'checkbox'
}
