import { Button, Tabs } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconRepeat } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Call } from '../api/types'
import { StatusMark } from '../components/Mark'
import { TimeText } from '../components/TimeText'
import { useReplayAddress } from '../replay/address'
import { canBeReplayed } from '../replay/draft'
import { ReplayMark } from '../replay/ReplayMark'
import { ReplayPanel } from '../replay/ReplayPanel'
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
  const [replay, goToReplay] = useReplayAddress()
  const [chosen, setChosen] = useState('conversation')
  const tab = replay.shown !== null ? 'replay' : wide && chosen === 'details' ? 'conversation' : chosen
  const choose = (next: string | null) => {
    if (next === 'replay') {
      goToReplay({ shown: 'new', change: {} })
    } else {
      if (replay.shown !== null) goToReplay(null)
      setChosen(next ?? 'conversation')
    }
  }
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
        <ReplayMark call={call} />
        <span className={classes.ways}>
          {call.trace?.request_id && (
            <Link to="/requests/$requestId" params={{ requestId: call.trace.request_id }}>
              Whole request →
            </Link>
          )}
          {canBeReplayed(call) && replay.shown === null && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconRepeat size={14} />}
              onClick={() => choose('replay')}
            >
              Replay
            </Button>
          )}
        </span>
      </div>
      <KeyFigures call={call} />
      <Tabs value={tab} onChange={choose} keepMounted={false} className={classes.tabs}>
        <Tabs.List className={classes.tabList}>
          <Tabs.Tab value="conversation">
            {call.request?.messages ? 'Conversation' : 'Input and output'}
          </Tabs.Tab>
          {!wide && <Tabs.Tab value="details">Details</Tabs.Tab>}
          <Tabs.Tab value="raw">Raw JSON</Tabs.Tab>
          {(canBeReplayed(call) || replay.shown !== null) && <Tabs.Tab value="replay">Replay</Tabs.Tab>}
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
        <Tabs.Panel value="replay" className={classes.content}>
          <ReplayPanel call={call} wide={wide} />
        </Tabs.Panel>
      </Tabs>
      <FeedbackBar call={call} />
    </div>
  )
}
