import { Button } from '@mantine/core'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { CopyButton } from '../components/CopyButton'
import { TimeText } from '../components/TimeText'
import type { SearchRecord } from '../state/list-state'
import { timeRangeKeys } from '../state/time-range'
import { LabelChip } from './LabelChip'
import classes from './PromptPage.module.css'
import { PromptDialog } from './PromptDialog'
import { RemoveDialog } from './RemoveDialog'
import { usePrompt } from './use-prompt'

const tabs = [
  { to: '/prompts/$promptName', label: 'Versions', timed: false },
  { to: '/prompts/$promptName/labels', label: 'Labels', timed: false },
  { to: '/prompts/$promptName/diff', label: 'Diff', timed: false },
  { to: '/prompts/$promptName/performance', label: 'Performance', timed: true },
  { to: '/prompts/$promptName/compare', label: 'Compare', timed: true },
] as const

/** One prompt: what all its pages have in common. */
export function PromptPage() {
  const { name, prompt, unregistered } = usePrompt()
  const [dialog, setDialog] = useState<'edit' | 'remove' | null>(null)
  const here = useRouterState({ select: (state) => state.matches.at(-1)?.fullPath ?? '' }).replace(/\/$/, '')
  // The diff has versions in "from" and "to".
  const hereTimed = tabs.some(({ to, timed }) => timed && to === here)
  return (
    <div className={classes.page} key={name}>
      <header className={classes.head}>
        <Link to="/prompts" className="dim">
          Prompts
        </Link>
        <span className="dim">/</span>
        <h1>{name}</h1>
        <CopyButton text={name} what="name" />
        <span className={classes.labels}>
          {prompt?.labels
            .filter((each) => each.version !== null)
            .map((each) => (
              <Link
                key={each.label}
                to="/prompts/$promptName"
                params={{ promptName: name }}
                search={{ version: each.version ?? '' }}
                className={classes.label}
              >
                <LabelChip label={each.label} version={each.version} locked={each.protected} />
              </Link>
            ))}
        </span>
        {prompt && (
          <span className={classes.ways}>
            <Button size="compact-xs" variant="default" onClick={() => setDialog('edit')}>
              {prompt.archived_at ? 'Archived …' : 'Edit …'}
            </Button>
            <Button size="compact-xs" variant="default" onClick={() => setDialog('remove')}>
              Remove …
            </Button>
          </span>
        )}
      </header>
      {prompt && (prompt.description || prompt.tags.length > 0) && (
        <p className={classes.about}>
          {prompt.description}{' '}
          {prompt.tags.map((tag) => (
            <Link
              key={tag}
              to="/prompts"
              search={{ tag }}
              className={classes.tag}
              title={`Prompts with the tag ${tag}`}
            >
              {tag}
            </Link>
          ))}
        </p>
      )}
      {prompt?.archived_at && (
        <p className={classes.note} role="note">
          Archived <TimeText at={prompt.archived_at} />: it is in no list, and its labels are not answered.
        </p>
      )}
      {unregistered && (
        <p className={classes.note} role="note">
          Not in the registry; calls that name it are measured all the same.
        </p>
      )}
      <nav className={classes.tabs} aria-label="Pages of the prompt">
        {tabs.map(({ to, label, timed }) => (
          <Link
            key={to}
            to={to}
            params={{ promptName: name }}
            search={timed && hereTimed ? timeOf : {}}
            data-here={here === to || undefined}
            aria-current={here === to ? 'page' : undefined}
          >
            {label}
            {label === 'Versions' && prompt && <span className="dim"> {prompt.version_count}</span>}
          </Link>
        ))}
      </nav>
      <div className={classes.content}>
        <Outlet />
      </div>
      {prompt && dialog === 'edit' && <PromptDialog prompt={prompt} onClose={() => setDialog(null)} />}
      {prompt && dialog === 'remove' && <RemoveDialog prompt={prompt} onClose={() => setDialog(null)} />}
    </div>
  )
}

/** Performance and comparison are of one time. */
function timeOf(old: Record<string, string | undefined>): SearchRecord {
  const kept = Object.entries(old).filter(([key, value]) => value && timeRangeKeys.includes(key))
  return Object.fromEntries(kept) as SearchRecord
}
