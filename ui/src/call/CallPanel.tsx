import { Tabs } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import type { Call } from '../api/types'
import { StatusMark } from '../components/Mark'
import { TimeText } from '../components/TimeText'
import classes from './CallPanel.module.css'
import { Conversation } from './Conversation'
import { Details } from './Details'
import { ErrorBox } from './ErrorBox'
import { FeedbackBar } from './FeedbackBar'
import { KeyFigures } from './KeyFigures'
import { PanelHeader } from './PanelHeader'
import { RawTab } from './RawTab'

/** From this width on, conversation and details stand side by side. */
const wideFrom = 1040

export function CallPanel({ call }: { call: Call }) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const wide = width >= wideFrom
  const main = (
    <>
      {call.error && <ErrorBox error={call.error} />}
      <Conversation call={call} />
    </>
  )
  return (
    <div className={classes.whole} ref={ref}>
      <PanelHeader id={call.id}>
        <StatusMark status={call.status} />
      </PanelHeader>
      <div className={classes.title}>
        <h2>{call.name ?? call.model?.requested ?? call.kind}</h2>
        <span className="dim">
          {[call.kind, call.provider?.name, call.trace?.agent].filter(Boolean).join(' · ')} ·{' '}
          <TimeText at={call.started_at} />
        </span>
        {call.trace?.request_id && (
          <Link
            to="/requests/$requestId"
            params={{ requestId: call.trace.request_id }}
            className={classes.toRequest}
          >
            Whole request →
          </Link>
        )}
      </div>
      <KeyFigures call={call} />
      <Tabs
        key={wide ? 'wide' : 'narrow'}
        defaultValue="conversation"
        keepMounted={false}
        className={classes.tabs}
      >
        <Tabs.List className={classes.tabList}>
          <Tabs.Tab value="conversation">
            {call.request?.messages ? 'Conversation' : 'Input and output'}
          </Tabs.Tab>
          {!wide && <Tabs.Tab value="details">Details</Tabs.Tab>}
          <Tabs.Tab value="raw">Raw JSON</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="conversation" className={classes.content}>
          {wide ? (
            <div className={classes.columns}>
              <div>{main}</div>
              <Details call={call} />
            </div>
          ) : (
            main
          )}
        </Tabs.Panel>
        {!wide && (
          <Tabs.Panel value="details" className={classes.content}>
            <Details call={call} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="raw" className={classes.content}>
          <RawTab call={call} />
        </Tabs.Panel>
      </Tabs>
      <FeedbackBar call={call} />
    </div>
  )
}
