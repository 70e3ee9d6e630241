import type { Call } from '../api/types'
import { JsonView } from '../components/JsonView'
import { whyWithheld } from '../format/withheld'
import classes from './Conversation.module.css'
import { EmbeddingView } from './EmbeddingView'
import { LongText } from './LongText'
import { MessageView } from './MessageView'

/** What was said, in order: system, the messages sent, the answer; or input and output of what is no conversation. */
export function Conversation({ call }: { call: Call }) {
  const { request, response } = call
  const withheld = whyWithheld(call)
  const sent = request?.messages ?? []
  const answered = response?.messages ?? []
  const hasPayload =
    sent.length > 0 ||
    answered.length > 0 ||
    request?.system !== undefined ||
    request?.input !== undefined ||
    response?.output !== undefined
  if (!hasPayload) return <NoPayload call={call} />
  return (
    <div className={classes.list}>
      {withheld && (
        <p className="dim" role="note">
          Prompt and answer are not kept, {withheld}. They are dropped when their journal file is sealed;
          until then they are here.
        </p>
      )}
      {request?.system && (
        <MessageView message={{ role: 'system', parts: [{ type: 'text', text: request.system }] }} />
      )}
      {sent.map((message, index) => (
        <MessageView key={index} message={message} />
      ))}
      {request?.input !== undefined && <Block title="Input" value={request.input} />}
      {answered.length > 0 && (
        <div className={classes.answers}>
          {answered.map((message, index) => (
            <MessageView
              key={index}
              message={message}
              answer
              label={answered.length > 1 ? `Answer ${index + 1}` : 'Answer'}
            />
          ))}
        </div>
      )}
      {response?.output !== undefined &&
        (call.kind === 'embedding' ? (
          <section>
            <h3 className={classes.blockTitle}>Output</h3>
            <EmbeddingView output={response.output} />
          </section>
        ) : (
          <Block title="Output" value={response.output} />
        ))}
      {call.status === 'running' && <p className={classes.waiting}>Waiting for the answer …</p>}
    </div>
  )
}

function Block({ title, value }: { title: string; value: unknown }) {
  return (
    <section>
      <h3 className={classes.blockTitle}>{title}</h3>
      {typeof value === 'string' ? <LongText text={value} /> : <JsonView value={value} />}
    </section>
  )
}

function NoPayload({ call }: { call: Call }) {
  const withheld = whyWithheld(call)
  const reason =
    withheld !== null
      ? `Prompt and answer are not kept, ${withheld}.`
      : call.status === 'running'
        ? 'The call is under way.'
        : 'No messages are on the record for this call.'
  return <p className="dim">{reason}</p>
}
