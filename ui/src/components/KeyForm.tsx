import { Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keepApiKey, readApiKey } from '../api/key'

/** Asks for the key of a server that is not on loopback. */
export function KeyForm() {
  const [key, setKey] = useState(readApiKey())
  const queryClient = useQueryClient()
  return (
    <form
      style={{ display: 'flex', gap: 8, alignItems: 'flex-end', marginBottom: 10 }}
      onSubmit={(event) => {
        event.preventDefault()
        keepApiKey(key.trim())
        void queryClient.resetQueries()
      }}
    >
      <TextInput
        size="xs"
        type="password"
        label="API key (kept in this tab only)"
        autoComplete="off"
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
        style={{ flex: 1 }}
      />
      <Button size="xs" type="submit">
        Use key
      </Button>
    </form>
  )
}
