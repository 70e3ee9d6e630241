import { Button, Skeleton } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { ProblemView } from '../components/ProblemView'
import { SearchBox } from '../components/SearchBox'
import { plural } from '../format/number'
import { useRowKeys } from '../state/use-row-keys'
import { NoPrompts } from './NoPrompts'
import classes from './PromptsPage.module.css'
import { PromptTable } from './PromptTable'
import { usePromptFilter, usePromptList } from './use-prompt-list'

/** More rows than anybody reads; the search has them all. */
const mostRows = 500

/** The registry, and the prompts that only calls name. */
export function PromptsPage() {
  const [filter, setFilter] = usePromptFilter()
  const { rows, error, refetch, used, since } = usePromptList(filter)
  const navigate = useNavigate()
  const shown = rows?.slice(0, mostRows) ?? []
  const active = useRowKeys(
    shown.map(({ name }) => name),
    (name) => void navigate({ to: '/prompts/$promptName', params: { promptName: name } }),
  )

  const filtered = filter.text !== '' || filter.tag !== '' || filter.label !== ''
  const registered = rows?.filter((row) => row.prompt).length ?? 0
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>{filter.archived ? 'Archived prompts' : 'Prompts'}</h1>
        <SearchBox
          words="Search names, descriptions, goals"
          text={filter.text}
          onText={(text) => setFilter({ ...filter, text }, true)}
          className={classes.search}
        />
        {(['tag', 'label'] as const).map(
          (key) =>
            filter[key] && (
              <Button
                key={key}
                size="compact-xs"
                variant="light"
                aria-label={`Remove filter ${key} = ${filter[key]}`}
                onClick={() => setFilter({ ...filter, [key]: '' })}
              >
                {key}: {filter[key]} ✕
              </Button>
            ),
        )}
        <span className={classes.gap} />
        <span className="dim" role="status">
          {rows && plural(registered, 'prompt')}
        </span>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => setFilter({ ...filter, archived: !filter.archived })}
        >
          {filter.archived ? 'Not archived' : 'Archived'}
        </Button>
        <Link to="/new-prompt" className={classes.new}>
          <IconPlus size={13} aria-hidden="true" /> New prompt
        </Link>
      </header>
      {error && !rows && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!rows && !error && <Skeleton height={60} m={16} w="auto" aria-label="Loading the prompts" />}
      {rows && rows.length === 0 && (filtered || filter.archived) && (
        <p className={classes.none}>
          {filtered ? 'No prompt fits.' : 'No prompt is archived.'}{' '}
          {filtered && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => setFilter({ ...filter, text: '', tag: '', label: '' })}
            >
              Remove the filters
            </Button>
          )}
        </p>
      )}
      {rows && (rows.length > 0 || !(filtered || filter.archived)) && (
        <div className={classes.scroll}>
          {registered === 0 && !filtered && !filter.archived && <NoPrompts />}
          {rows.length > 0 && (
            <PromptTable
              rows={shown}
              active={active}
              since={since}
              usesProblem={used.error}
              onTag={(tag) => setFilter({ ...filter, tag })}
            />
          )}
          {rows.length > shown.length && (
            <p className={classes.foot}>
              {plural(rows.length - shown.length, 'more prompt')}: search for them, or take “steno prompts”.
            </p>
          )}
        </div>
      )}
    </div>
  )
}
