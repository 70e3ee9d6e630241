import { CloseButton } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './Notice.module.css'

export type NoticeTone = 'good' | 'warn' | 'bad'

interface Props {
  tone: NoticeTone
  children: ReactNode
  onClose?: () => void
}

/** What came of something that was done, until the reader has seen it. */
export function Notice({ tone, children, onClose }: Props) {
  return (
    <div className={classes.notice} data-tone={tone} role={tone === 'good' ? 'status' : 'alert'}>
      <div className={classes.words}>{children}</div>
      {onClose && <CloseButton size="xs" aria-label="Close this message" onClick={onClose} />}
    </div>
  )
}
