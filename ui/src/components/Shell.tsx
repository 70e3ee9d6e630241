import { ActionIcon, Tooltip } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { IconKeyboard } from '@tabler/icons-react'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { Logo } from './Logo'
import { ServerState } from './ServerState'
import { ShortcutHelp } from './ShortcutHelp'
import classes from './Shell.module.css'
import { ThemeToggle } from './ThemeToggle'

export function Shell() {
  const [helpOpen, help] = useDisclosure(false)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const section = path === '/limits' || path.startsWith('/prompts') ? path.split('/')[1] : 'calls'
  useHotkeys([['shift+?', help.toggle]])
  return (
    <div className={classes.shell}>
      <header className={classes.header}>
        <Link to="/" className={classes.brand} aria-label="Steno, list of calls">
          <Logo />
          <span className={classes.word}>Steno</span>
        </Link>
        <nav aria-label="Main" className={classes.nav}>
          <Link to="/" className={classes.tab} data-here={section === 'calls' || undefined}>
            Calls
          </Link>
          <Link to="/prompts" className={classes.tab} data-here={section === 'prompts' || undefined}>
            Prompts
          </Link>
          <Link to="/limits" className={classes.tab} data-here={section === 'limits' || undefined}>
            Limits
          </Link>
        </nav>
        <span className={classes.gap} />
        <ServerState />
        <Tooltip label="Keyboard shortcuts (?)">
          <ActionIcon aria-label="Keyboard shortcuts" className={classes.keys} onClick={help.open}>
            <IconKeyboard size={17} />
          </ActionIcon>
        </Tooltip>
        <ThemeToggle />
      </header>
      <main className={classes.main}>
        <Outlet />
      </main>
      <ShortcutHelp opened={helpOpen} onClose={help.close} />
    </div>
  )
}
