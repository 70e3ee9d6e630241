import { Link } from '@tanstack/react-router'
import type { TypeDetail } from '../api/prompt-type-queries'
import { Conversation } from '../call/Conversation'
import { ErrorBox } from '../call/ErrorBox'
import { FactSection, idFact } from '../call/Facts'
import { KeyFigures } from '../call/KeyFigures'
import { JsonView } from '../components/JsonView'
import { StatusMark } from '../components/Mark'
import { TimeText } from '../components/TimeText'
import classes from './LatestCall.module.css'

/** The call that began last, whole: it is kept although the type's other texts may not be. */
export function LatestCall({ one: { type, latest } }: { one: TypeDetail }) {
  if (!latest)
    return (
      <section aria-label="Latest call">
        <h2>Latest call</h2>
        <p className="dim">No AI call carries this type yet.</p>
      </section>
    )
  const { labels } = latest
  return (
    <section aria-label="Latest call" className={classes.latest}>
      <header>
        <h2>Latest call</h2>
        <StatusMark status={latest.status} />
        <span className="dim">
          <TimeText at={latest.started_at} />
        </span>
        {latest.model?.requested && <span className="dim">{latest.model.requested}</span>}
        <Link
          to="/calls/$callId"
          params={{ callId: latest.id }}
          search={{ 'prompt.type': type, range: 'all' }}
          className={classes.open}
        >
          Open it →
        </Link>
      </header>
      <div className={classes.figures}>
        <KeyFigures call={latest} />
      </div>
      {latest.error && <ErrorBox error={latest.error} />}
      <Conversation call={latest} />
      <div className={classes.facts}>
        <FactSection
          title="Who and what for"
          facts={[
            idFact('User', latest.who?.user_id, 'who.user_id'),
            { label: 'Tags', value: labels?.tags?.join(', ') },
            ...Object.entries(labels?.attributes ?? {}).map(([label, value]) => ({
              label,
              value: String(value),
            })),
            {
              label: 'Metadata',
              value: labels?.metadata === undefined ? null : <JsonView value={labels.metadata} />,
            },
          ]}
        />
      </div>
    </section>
  )
}
