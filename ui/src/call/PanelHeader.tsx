import { ActionIcon, Tooltip } from '@mantine/core'
import {
  IconArrowsDiagonal,
  IconArrowsDiagonalMinimize2,
  IconChevronDown,
  IconChevronUp,
  IconX,
} from '@tabler/icons-react'
import { useContext, type ReactNode } from 'react'
import { CopyButton } from '../components/CopyButton'
import classes from './CallPanel.module.css'
import { OpenCallContext } from './open-call-context'

export function PanelHeader({ id, children }: { id: string; children?: ReactNode }) {
  const list = useContext(OpenCallContext)
  return (
    <header className={classes.header}>
      {children}
      <span className={classes.id}>
        <span className="mono dim">{id}</span>
        <CopyButton text={id} what="call id" />
      </span>
      {list && (
        <span className={classes.tools}>
          <Tool label="Newer call (k)" onClick={() => list.move(-1)}>
            <IconChevronUp size={16} />
          </Tool>
          <Tool label="Older call (j)" onClick={() => list.move(1)}>
            <IconChevronDown size={16} />
          </Tool>
          <Tool label={list.full ? 'Beside the list (f)' : 'Whole width (f)'} onClick={list.toggleFull}>
            {list.full ? <IconArrowsDiagonalMinimize2 size={16} /> : <IconArrowsDiagonal size={16} />}
          </Tool>
          <Tool label="Close (Esc)" onClick={list.close}>
            <IconX size={16} />
          </Tool>
        </span>
      )}
    </header>
  )
}

function Tool({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
