import { Modal } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import classes from './Dialog.module.css'

interface Props {
  title: string
  onClose: () => void
  /** Asked for by Enter, too. */
  onSubmit: () => void
  children: ReactNode
}

/** A dialog with something to fill in: Escape closes it, a click beside it does not, for what was written would be lost. */
export function FormDialog({ title, onClose, onSubmit, children }: Props) {
  // Where the keyboard was: pages leave the dialog out when it is closed, too soon for the library to give it back.
  const [before] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    },
    [before],
  )
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      size="md"
      title={title}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        {children}
      </form>
    </Modal>
  )
}
