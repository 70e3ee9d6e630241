import { Problem } from '../api/problem'
import { ProblemView } from './ProblemView'

export function NotFound() {
  const problem = new Problem({
    title: 'There is no such page',
    detail: window.location.pathname,
    remedy:
      'The list of calls is at “/”, one call at “/calls/ID”, one request at “/requests/ID”, prompts at “/prompts”.',
    status: 404,
  })
  return <ProblemView error={problem} />
}
