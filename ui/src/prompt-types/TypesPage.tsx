import { Button, NativeSelect, Skeleton } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconDownload } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { asProblem } from '../api/problem'
import { allTypes, typeListQuery } from '../api/prompt-type-queries'
import { Notice } from '../components/Notice'
import { ProblemView } from '../components/ProblemView'
import { SearchBox } from '../components/SearchBox'
import { TimeRangeMenu } from '../components/TimeRangeMenu'
import { plural } from '../format/number'
import { isInDialog } from '../state/in-dialog'
import type { SearchRecord } from '../state/list-state'
import { useMinute } from '../state/use-minute'
import { useRowKeys } from '../state/use-row-keys'
import { BulkBar } from './BulkBar'
import { NoTypes } from './NoTypes'
import { saveFile } from './save-file'
import { isFiltered, readTypeFilter, typeParams, writeTypeFilter, type TypeFilter } from './type-filter'
import { typeFile } from './type-file'
import { TypeTable } from './TypeTable'
import classes from './TypesPage.module.css'
import type { Told } from './use-type-change'

/** More rows than anybody reads; the search has them all. */
const mostRows = 500

/** Each kind of prompt: what is kept of it, what it comes to, and the switches. */
export function TypesPage() {
  const filter = readTypeFilter(useSearch({ strict: false }) as SearchRecord)
  const navigate = useNavigate()
  const setFilter = (next: Partial<TypeFilter>, replace = false) =>
    void navigate({ to: '/prompt-types', search: writeTypeFilter({ ...filter, ...next }), replace })
  const clear = () => setFilter({ ...readTypeFilter({}), order: filter.order })
  const now = useMinute()
  const params = typeParams(filter, now)
  const { data, error, refetch, isPlaceholderData } = useQuery(typeListQuery(`${params}&limit=${mostRows}`))
  const types = useMemo(() => data?.prompt_types ?? [], [data])
  const [told, setTold] = useState<Told | null>(null)
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set())
  // What is not shown any more is not changed unseen.
  const selected = useMemo(
    () => new Set(types.filter(({ type }) => marked.has(type)).map(({ type }) => type)),
    [types, marked],
  )
  const select = (names: string[], on: boolean) => {
    const next = new Set(selected)
    for (const name of names)
      if (on) next.add(name)
      else next.delete(name)
    setMarked(next)
  }
  const download = useMutation({
    mutationFn: () => allTypes(params),
    onSuccess: (all) => saveFile('prompt-types.csv', 'text/csv', typeFile(all.prompt_types)),
    onError: (cause) => setTold({ tone: 'bad', words: `No file was made: ${asProblem(cause).message}` }),
  })

  const active = useRowKeys(
    types.map(({ type }) => type),
    (type) => void navigate({ to: '/prompt-types/$promptType', params: { promptType: type } }),
  )
  useHotkeys([
    [
      'x',
      ({ target }) => {
        if (active !== undefined && !isInDialog(target)) select([active], !selected.has(active))
      },
    ],
  ])

  const filtered = isFiltered(filter)
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Prompt types</h1>
        <SearchBox
          words="Search types and descriptions"
          text={filter.search}
          onText={(search) => setFilter({ search }, true)}
          className={classes.search}
        />
        <NativeSelect
          size="xs"
          aria-label="Full data"
          value={filter.track_full_data}
          onChange={(event) =>
            setFilter({ track_full_data: event.currentTarget.value as TypeFilter['track_full_data'] })
          }
          data={[
            { value: '', label: 'Full data or not' },
            { value: 'true', label: 'Full data is kept' },
            { value: 'false', label: 'Only of the latest' },
          ]}
        />
        <NativeSelect
          size="xs"
          aria-label="Active"
          value={filter.is_active}
          onChange={(event) => setFilter({ is_active: event.currentTarget.value as TypeFilter['is_active'] })}
          data={[
            { value: '', label: 'Active or not' },
            { value: 'true', label: 'Active' },
            { value: 'false', label: 'Not active' },
          ]}
        />
        <TimeRangeMenu of="Created" state={filter.created} onChange={(created) => setFilter({ created })} />
        {filtered && (
          <Button size="compact-xs" variant="subtle" onClick={clear}>
            Clear all
          </Button>
        )}
        <span className={classes.gap} />
        <span className="dim" role="status">
          {data && plural(data.count, 'type')}
        </span>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconDownload size={13} />}
          loading={download.isPending}
          disabled={!data || data.count === 0}
          onClick={() => download.mutate()}
          title="All that fit, as “steno prompt-types export” writes them"
        >
          Export CSV
        </Button>
      </header>
      {told && (
        <Notice tone={told.tone} onClose={() => setTold(null)}>
          {told.words}
        </Notice>
      )}
      {selected.size > 0 && (
        <BulkBar types={[...selected]} onClear={() => setMarked(new Set())} onTold={setTold} />
      )}
      {error && !data && <ProblemView error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={60} m={16} w="auto" aria-label="Loading the prompt types" />}
      {data && data.count === 0 && filtered && (
        <p className={classes.none}>
          No prompt type fits.{' '}
          <Button size="compact-sm" variant="default" onClick={clear}>
            Remove the filters
          </Button>
        </p>
      )}
      {data && data.count === 0 && !filtered && <NoTypes />}
      {data && data.count > 0 && (
        <div className={classes.scroll} aria-busy={isPlaceholderData}>
          <TypeTable
            types={types}
            defaultTracks={data.default_track_full_data}
            order={filter.order}
            onOrder={(order) => setFilter({ order })}
            selected={selected}
            onSelect={select}
            active={active}
            onTold={setTold}
          />
          {data.count > types.length && (
            <p className={classes.none}>
              {plural(data.count - types.length, 'more type')}: search for them, or take “steno prompt-types”.
            </p>
          )}
        </div>
      )}
    </div>
  )
}
