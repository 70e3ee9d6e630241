import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query'
import type { Author } from '../api/change-author'
import { asProblem } from '../api/problem'
import {
  changeType,
  typeChangesQuery,
  typeKey,
  typeListKey,
  type TypeChange,
  type TypeDetail,
  type TypeEntry,
  type TypeList,
} from '../api/prompt-type-queries'
import type { NoticeTone } from '../components/Notice'
import { formatClock } from '../format/time'
import { whatChanged } from './settings-words'

export interface Told {
  tone: NoticeTone
  words: string
}

interface Wanted {
  /** As the reader saw it. */
  seen: TypeEntry
  change: TypeChange
  author: Author
}

/**
 * Changes a prompt type on one condition: that it is as the reader saw it. Who was faster wins; the reader is told by
 * `onTold` who that was, and lists and pages show how it is now.
 */
export function useTypeChange(type: string, onTold: (told: Told | null) => void) {
  const queries = useQueryClient()
  return useMutation({
    meta: { done: `${type} was changed` },
    mutationFn: ({ seen, change, author }: Wanted) => changeType(seen, change, author),
    onMutate: () => onTold(null),
    onSuccess: ({ warnings: _toldApart, ...entry }) => takeOver(queries, entry),
    onError: async (error, { seen }) => {
      // What is told is said of what is seen then.
      await askAgain(queries, seen.type)
      onTold({ tone: 'bad', words: await whyNot(queries, error, seen) })
    },
  })
}

/** What a change was answered, in all that shows it; an older answer that is under way does not come over it. */
async function takeOver(queries: QueryClient, entry: TypeEntry) {
  await Promise.all([
    queries.cancelQueries({ queryKey: typeListKey }),
    queries.cancelQueries({ queryKey: typeKey(entry.type), exact: true }),
  ])
  queries.setQueriesData<TypeList>(
    { queryKey: typeListKey },
    (list) =>
      list && {
        ...list,
        prompt_types: list.prompt_types.map((each) =>
          each.type === entry.type ? { ...each, ...entry } : each,
        ),
      },
  )
  queries.setQueryData<TypeDetail>(typeKey(entry.type), (detail) => detail && { ...detail, ...entry })
  await queries.invalidateQueries({ queryKey: typeChangesQuery(entry.type).queryKey })
}

export async function askAgain(queries: QueryClient, type: string) {
  await Promise.all([
    queries.invalidateQueries({ queryKey: typeListKey }),
    queries.invalidateQueries({ queryKey: typeKey(type) }),
  ])
}

/** Why a change was not made; if somebody was faster, who, when and what. */
export async function whyNot(queries: QueryClient, error: unknown, seen: TypeEntry): Promise<string> {
  const problem = asProblem(error)
  if (problem.status !== 412) {
    const words = problem.detail || problem.title
    return `${seen.type} was not changed. ${words}${problem.remedy && ` (${problem.remedy})`}`
  }
  const start = `Somebody was faster, and nothing of ${seen.type} was changed by you.`
  try {
    const { changes } = await queries.fetchQuery({ ...typeChangesQuery(seen.type), staleTime: 0 })
    const last = changes[0]
    if (!last) return start
    const what = whatChanged(last).map(
      ({ name, before, after }) => `${name.toLowerCase()}: ${before} → ${after}`,
    )
    return `${start} ${last.by ?? 'Someone unnamed'} set it at ${formatClock(last.at)} (${what.join(', ')}). Here is how it is now.`
  } catch {
    return start
  }
}
