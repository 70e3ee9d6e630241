import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Problem } from '../api/problem'
import { promptQuery } from '../api/prompt-queries'

/** The prompt that the address names. The registry may not have it: its calls can be measured all the same. */
export function usePrompt() {
  const name = useParams({ strict: false }).promptName ?? ''
  const { data: prompt, error, refetch } = useQuery(promptQuery(name))
  const unregistered = error instanceof Problem && error.status === 404
  return { name, prompt: unregistered ? undefined : prompt, error, unregistered, refetch }
}
