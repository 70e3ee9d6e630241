import { ActionIcon, Tooltip } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { IconKeyboard } from '@tabler/icons-react'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { Logo } from './Logo'
import { ServerState } from './ServerState'
import { ShortcutHelp } from './ShortcutHelp'
import classes from './Shell.module.css'
import { ThemeToggle } from './ThemeToggle'
import { Warnings } from './Warnings'

/** All other pages are of calls. */
const sections = [
  { to: '/', label: 'Calls' },
  { to: '/prompts', label: 'Prompts' },
  { to: '/prompt-types', label: 'Prompt types' },
  { to: '/experiments', label: 'Experiments' },
  { to: '/limits', label: 'Limits' },
] as const

export function Shell() {
  const [helpOpen, help] = useDisclosure(false)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const first = path === '/new-prompt' ? '/prompts' : `/${path.split('/')[1]}`
  const here = sections.find(({ to }) => to === first)?.to ?? '/'
  useHotkeys([['shift+?', help.toggle]])
  return (
    <div className={classes.shell}>
      <header className={classes.header}>
        <Link to="/" className={classes.brand} aria-label="Steno, list of calls">
          <Logo />
          <span className={classes.word}>Steno</span>
        </Link>
        <nav aria-label="Main" className={classes.nav}>
          {sections.map(({ to, label }) => (
            <Link key={to} to={to} className={classes.tab} data-here={here === to || undefined}>
              {label}
            </Link>
          ))}
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
      <Warnings />
      <main className={classes.main}>
        <Outlet />
      </main>
      <ShortcutHelp opened={helpOpen} onClose={help.close} />
    </div>
  )
}
