import { Kbd, Modal } from '@mantine/core'
import classes from './ShortcutHelp.module.css'

const shortcuts: [string[], string][] = [
  [['j', '↓'], 'next call, prompt, type, experiment or version'],
  [['k', '↑'], 'previous one'],
  [['Enter'], 'open it'],
  [['Esc'], 'close it'],
  [['f'], 'open call over the whole width, or beside the list'],
  [['c'], 'copy its id'],
  [['x'], 'select it, among prompt types'],
  [['/'], 'search'],
  [['Ctrl', 'Enter'], 'in the form of a replay: send it'],
  [['p'], 'pause or resume live updates'],
  [['g'], 'back to the newest call'],
  [['?'], 'this help'],
]

export function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keyboard shortcuts"
      size="sm"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <dl className={classes.list}>
        {shortcuts.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
