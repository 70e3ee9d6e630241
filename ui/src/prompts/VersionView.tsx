import { Button } from '@mantine/core'
import { IconArrowsDiff, IconList, IconPlus, IconTag } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { PromptVersion, RegisteredPrompt } from '../api/registry-types'
import { FactSection, idFact } from '../call/Facts'
import { ToolList } from '../call/ToolList'
import { JsonView } from '../components/JsonView'
import { TimeText } from '../components/TimeText'
import { formatBytes, formatCount } from '../format/number'
import { FetchSnippets } from './FetchSnippets'
import { LabelChip } from './LabelChip'
import { LabelDialog } from './LabelDialog'
import { LastCall } from './LastCall'
import { TemplateText } from './TemplateText'
import { VariableTable } from './VariableTable'
import classes from './VersionView.module.css'

interface Props {
  prompt: RegisteredPrompt
  version: PromptVersion
  /** The version before this one. */
  before: string | undefined
}

/** What one version says. */
export function VersionView({ prompt, version, before }: Props) {
  const [moving, setMoving] = useState(false)
  const { name } = prompt
  const messages = version.messages ?? []
  return (
    <article aria-label={`Version ${version.version}`}>
      <header className={classes.head}>
        <h2>Version {version.version}</h2>
        {version.labels.map((label) => (
          <LabelChip key={label} label={label} />
        ))}
        <span className={classes.ways}>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconTag size={13} />}
            onClick={() => setMoving(true)}
          >
            Move a label here
          </Button>
          <Link
            to="/prompts/$promptName/new"
            params={{ promptName: name }}
            search={{ from: version.version }}
            title="A new version that begins with what this one says"
          >
            <IconPlus size={14} aria-hidden="true" /> New version
          </Link>
          {before !== undefined && (
            <Link
              to="/prompts/$promptName/diff"
              params={{ promptName: name }}
              search={{ from: before, to: version.version }}
            >
              <IconArrowsDiff size={14} aria-hidden="true" /> Diff with {before}
            </Link>
          )}
          <Link
            to="/"
            search={{ 'prompt.name': name, 'prompt.version': version.version, range: 'all' }}
            title="All calls that were made with this version"
          >
            <IconList size={14} aria-hidden="true" /> Calls
          </Link>
        </span>
      </header>
      <p className={classes.origin}>
        <TimeText at={version.created_at} />
        {version.author && <> by {version.author}</>}
      </p>
      {version.notes && <p className={classes.notes}>{version.notes}</p>}
      <div className={classes.columns}>
        <div className={classes.says}>
          {messages.map((message, index) => (
            <TemplateText key={index} role={message.role} template={message.content} />
          ))}
          {version.text !== undefined && messages.length === 0 && (
            <TemplateText role="text" template={version.text} />
          )}
        </div>
        <div>
          <FactSection
            title="Model and settings"
            facts={[
              { label: 'Goal', value: version.goal },
              version.model
                ? { label: 'Model', value: version.model, filter: ['model.requested', version.model] }
                : null,
              { label: 'Temperature', value: number(version.temperature) },
              { label: 'Token limit', value: number(version.token_limit) },
              { label: 'Top-k', value: number(version.top_k) },
              { label: 'Top-p', value: number(version.top_p) },
              ...Object.entries(version.parameters ?? {}).map(([label, value]) => ({
                label,
                value:
                  value !== null && typeof value === 'object' ? (
                    <JsonView value={value} />
                  ) : (
                    <span className="mono">{JSON.stringify(value)}</span>
                  ),
              })),
            ]}
          />
          <VariableTable declared={version.variables ?? []} undeclared={version.undeclared} />
          {version.tools && version.tools.length > 0 && (
            <FactSection title="Tools">
              <ToolList tools={version.tools} />
            </FactSection>
          )}
          {version.response_schema && (
            <FactSection title="Response schema">
              <JsonView value={version.response_schema} />
            </FactSection>
          )}
          <LastCall name={name} version={version.version} />
          <FactSection title="Use it">
            <FetchSnippets
              key={prompt.archived_at}
              version={version}
              archived={prompt.archived_at !== null}
            />
          </FactSection>
          <FactSection
            title="Identity"
            facts={[{ label: 'Size', value: formatBytes(version.size) }, idFact('SHA-256', version.sha256)]}
          />
        </div>
      </div>
      {moving && (
        <LabelDialog
          prompt={prompt}
          change={{ kind: 'move', version: version.version }}
          onClose={() => setMoving(false)}
        />
      )}
    </article>
  )
}

function number(value: number | null | undefined) {
  if (value === null || value === undefined) return null
  return Number.isInteger(value) ? formatCount(value) : String(value)
}
