import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { statusQuery } from '../api/queries'
import { ProblemView } from '../components/ProblemView'
import { formatCount, plural } from '../format/number'
import { isFiltered, withoutPanel } from '../state/list-state'
import { useListState } from '../state/use-list-state'
import { OpenCallContext } from '../call/open-call-context'
import classes from './CallsPage.module.css'
import { CallTable } from './CallTable'
import { columnSpecs } from './columns'
import { FirstSteps } from './FirstSteps'
import { FilterBar } from './FilterBar'
import { NothingFound } from './NothingFound'
import { SummaryStrip } from './SummaryStrip'
import { TableSkeleton } from './TableSkeleton'
import { useCallList } from './use-call-list'
import { useColumns } from './use-columns'
import { useListKeys } from './use-list-keys'

export function CallsPage() {
  const [state, setState] = useListState()
  const { calls, query, live, search } = useCallList(state)
  const server = useQuery(statusQuery())
  const [columns, setColumns] = useColumns(state, setState)
  const navigate = useNavigate()
  const openId = useParams({ strict: false }).callId ?? null
  const [movedTo, setMovedTo] = useState<string | null>(null)
  const [full, setFull] = useState(false)
  const activeId = openId ?? movedTo

  const open = useCallback(
    (id: string, replace = false) => {
      setMovedTo(id)
      void navigate({ to: '/calls/$callId', params: { callId: id }, search: withoutPanel, replace })
    },
    [navigate],
  )
  const close = useCallback(() => {
    setMovedTo(openId ?? movedTo)
    if (openId) void navigate({ to: '/', search: withoutPanel })
  }, [navigate, openId, movedTo])
  const move = (by: number) => {
    const at = calls.findIndex((call) => call.id === activeId)
    const next = calls[at < 0 ? 0 : Math.min(calls.length - 1, Math.max(0, at + by))]
    if (!next) return
    if (openId) open(next.id, true)
    else setMovedTo(next.id)
  }
  useListKeys({
    move,
    open: () => activeId && open(activeId),
    close,
    copy: () => {
      if (activeId) void navigator.clipboard.writeText(activeId)
    },
    togglePause: () => setState({ ...state, live: !state.live }, true),
    toggleFull: () => setFull(!full),
    newest: () => {
      document.getElementById('call-grid')?.scrollTo({ top: 0 })
      if (!openId) setMovedTo(calls[0]?.id ?? null)
    },
  })

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])

  const filtered = isFiltered(state)
  const shown = openId ? columns.filter((id) => columnSpecs.get(id)?.narrow) : columns
  const nothing = calls.length === 0
  const body = () => {
    if (query.isPending) return <TableSkeleton />
    if (query.error && nothing)
      return <ProblemView error={query.error} onRetry={() => void query.refetch()} />
    if (nothing && !filtered && (state.range === 'all' || server.data?.store?.rows === 0))
      return <FirstSteps />
    if (nothing && search && !search.complete && !query.error) return <TableSkeleton />
    if (nothing) {
      return (
        <NothingFound
          filtered={filtered}
          ranged={state.range !== 'all'}
          onClear={() => setState({ ...state, text: '', filters: [] })}
          onAll={() => setState({ ...state, range: 'all', from: '', to: '' })}
        />
      )
    }
    return (
      <CallTable
        calls={calls}
        shown={shown.length > 0 ? shown : columns}
        order={state.order}
        onOrder={(order) => setState({ ...state, order })}
        activeId={activeId}
        openId={openId}
        onOpen={open}
        onEnd={onEnd}
        foot={
          isFetchingNextPage ? (
            <Loader size="xs" aria-label="Loading older calls" />
          ) : hasNextPage ? (
            `${formatCount(calls.length)} loaded`
          ) : (
            `${plural(calls.length, search ? 'hit' : 'call')}, that is all of them here.`
          )
        }
      />
    )
  }

  return (
    <div className={classes.page} data-open={openId ? (full ? 'full' : 'beside') : undefined}>
      <h1 className="hidden-text">Calls</h1>
      <FilterBar state={state} onChange={setState} shown={columns} onShown={setColumns} live={live} />
      <div className={classes.summary}>
        <SummaryStrip state={state} onChange={setState} search={search} />
      </div>
      <div className={classes.work}>
        <div className={classes.list}>{body()}</div>
        <OpenCallContext.Provider value={{ close, full, toggleFull: () => setFull(!full), move }}>
          <Outlet />
        </OpenCallContext.Provider>
      </div>
    </div>
  )
}
