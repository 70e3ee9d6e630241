import type { ErrorComponentProps } from '@tanstack/react-router'
import { ProblemView } from './ProblemView'

export function PageError({ error, reset }: ErrorComponentProps) {
  return <ProblemView error={error} onRetry={reset} />
}
