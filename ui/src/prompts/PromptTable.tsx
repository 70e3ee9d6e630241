import { Link, useNavigate } from '@tanstack/react-router'
import { TimeText } from '../components/TimeText'
import { formatCount, plural } from '../format/number'
import { LabelChip } from './LabelChip'
import type { PromptRow } from './prompt-rows'
import classes from './PromptTable.module.css'

interface Props {
  rows: PromptRow[]
  /** Where the keyboard is. */
  active: string | undefined
  /** From when on calls are counted. */
  since: string
  usesProblem: Error | null
  onTag: (tag: string) => void
}

export function PromptTable({ rows, active, since, usesProblem, onTag }: Props) {
  const registered = rows.filter((row) => row.prompt)
  const onlyCalled = rows.filter((row) => !row.prompt)
  return (
    <table className={classes.table} aria-label="Prompts">
      <thead>
        <tr>
          <th scope="col">Prompt</th>
          <th scope="col">Latest</th>
          <th scope="col">Labels</th>
          <th scope="col" className={classes.number} title={usesProblem?.message}>
            Calls, 30 days
          </th>
          <th scope="col" className={classes.wide}>
            Last call
          </th>
        </tr>
      </thead>
      {registered.length > 0 && (
        <tbody>
          {registered.map((row) => (
            <Row key={row.name} {...{ row, active, since, onTag }} />
          ))}
        </tbody>
      )}
      {onlyCalled.length > 0 && (
        <tbody>
          <tr className={classes.divider}>
            <th scope="rowgroup" colSpan={5}>
              Only on calls{' '}
              <span className="dim">the registry does not have them; they are measured all the same</span>
            </th>
          </tr>
          {onlyCalled.map((row) => (
            <Row key={row.name} {...{ row, active, since, onTag }} />
          ))}
        </tbody>
      )}
    </table>
  )
}

function Row({ row, active, since, onTag }: { row: PromptRow } & Pick<Props, 'active' | 'since' | 'onTag'>) {
  const navigate = useNavigate()
  const { name, prompt, use } = row
  const page = prompt ? ('/prompts/$promptName' as const) : ('/prompts/$promptName/performance' as const)
  return (
    <tr
      data-active={name === active || undefined}
      onClick={(event) => {
        // Marking text is not choosing a row; links and buttons are their own.
        if (window.getSelection()?.toString() || (event.target as HTMLElement).closest('a, button')) return
        void navigate({ to: page, params: { promptName: name } })
      }}
    >
      <th scope="row" className={classes.name}>
        <Link to={page} params={{ promptName: name }} className={classes.link}>
          {name}
        </Link>
        {prompt?.description && <div className={classes.description}>{prompt.description}</div>}
        {prompt && prompt.tags.length > 0 && (
          <div className={classes.tags}>
            {prompt.tags.map((tag) => (
              <button
                key={tag}
                type="button"
                onClick={() => onTag(tag)}
                title={`Prompts with the tag ${tag}`}
              >
                {tag}
              </button>
            ))}
          </div>
        )}
      </th>
      <td className={prompt ? classes.made : classes.wide}>
        {prompt?.latest ? (
          <>
            {prompt.latest.version}
            <div className="dim">
              {prompt.version_count > 1 && <>{formatCount(prompt.version_count)} versions · </>}
              <TimeText at={prompt.latest.created_at} />
            </div>
          </>
        ) : (
          <span className="dim">—</span>
        )}
      </td>
      <td className={classes.where}>
        <span className={classes.labels}>
          {prompt?.labels
            .filter((each) => each.version !== null)
            .map((each) => (
              <LabelChip key={each.label} label={each.label} version={each.version} locked={each.protected} />
            ))}
        </span>
      </td>
      <td className={classes.number}>
        {use === undefined ? (
          <span className="dim">—</span>
        ) : use.calls === 0 ? (
          <span className="dim">0</span>
        ) : (
          <Link
            to="/"
            search={{ 'prompt.name': name, from: since }}
            title={`Its ${plural(use.calls, 'call')}`}
          >
            {formatCount(use.calls)}
          </Link>
        )}
      </td>
      <td className={classes.wide}>
        {use?.lastCall ? <TimeText at={use.lastCall} /> : <span className="dim">—</span>}
      </td>
    </tr>
  )
}
