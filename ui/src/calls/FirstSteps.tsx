import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../api/queries'
import { CopyButton } from '../components/CopyButton'
import classes from './FirstSteps.module.css'
import { setupSnippets } from './setup-snippets'

/** Nothing recorded yet: how to point a client here. */
export function FirstSteps() {
  const { data } = useQuery(statusQuery())
  const snippets = setupSnippets(window.location.origin, data?.upstreams?.map((each) => each.name) ?? [])
  return (
    <section className={classes.box} aria-label="First steps">
      <h1>No calls on the record yet</h1>
      <p className="dim">
        Point a client at Steno by changing its base URL, and from then on every call it makes is listed here.
        Your key goes through to the provider and is never kept.
      </p>
      <Tabs defaultValue={snippets[0]?.id} keepMounted={false}>
        <Tabs.List>
          {snippets.map((snippet) => (
            <Tabs.Tab key={snippet.id} value={snippet.id}>
              {snippet.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippets.map((snippet) => (
          <Tabs.Panel key={snippet.id} value={snippet.id} className={classes.panel}>
            <pre className={classes.code}>{snippet.code}</pre>
            <span className={classes.copy}>
              <CopyButton text={snippet.code} what="code" />
            </span>
          </Tabs.Panel>
        ))}
      </Tabs>
      <p className="dim">
        No key at hand? Run “steno demo” for simulated traffic. New calls appear here by themselves.
      </p>
    </section>
  )
}
