import { Link } from '@tanstack/react-router'
import type { Call, Prompt, RateLimit } from '../api/types'
import { JsonView } from '../components/JsonView'
import { TimeText } from '../components/TimeText'
import { comparisonSearch } from '../replay/address'
import { withoutPanel } from '../state/list-state'
import { formatBytes, formatCount } from '../format/number'
import { formatDuration } from '../format/time'
import { Attempts } from './Attempts'
import { CostParts } from './CostParts'
import { FactSection, idFact } from './Facts'
import { Scores } from './Scores'
import { TimingBar } from './TimingBar'
import { TokenTable } from './TokenTable'
import { ToolList } from './ToolList'

/** Everything about a call that is not what was said. */
export function Details({ call }: { call: Call }) {
  const { trace, provider, model, prompt, labels, privacy } = call
  const request = trace?.request_id
  const parameters = Object.entries(call.request?.parameters ?? {})
  return (
    <div>
      <FactSection title="Timing">
        <TimingBar call={call} />
      </FactSection>
      {call.usage && (
        <FactSection title="Tokens">
          <TokenTable usage={call.usage} />
        </FactSection>
      )}
      {(call.usage || call.cost) && <CostParts id={call.id} cost={call.cost} />}
      {call.attempts && call.attempts.length > 0 && (
        <FactSection title="Attempts">
          <Attempts attempts={call.attempts} />
        </FactSection>
      )}
      <FactSection
        title="Parameters"
        facts={[
          {
            label: 'stream',
            value: call.request?.stream === undefined ? undefined : String(call.request.stream),
          },
          ...parameters.map(([label, value]) => ({
            label,
            value:
              value !== null && typeof value === 'object' ? (
                <JsonView value={value} />
              ) : (
                <span className="mono">{JSON.stringify(value)}</span>
              ),
          })),
        ]}
      />
      {call.request?.tools !== undefined && (
        <FactSection title="Tools offered">
          <ToolList tools={call.request.tools} />
        </FactSection>
      )}
      <FactSection
        title="Model and provider"
        facts={[
          model?.requested
            ? {
                label: 'Model asked for',
                value: model.requested,
                filter: ['model.requested', model.requested],
              }
            : null,
          { label: 'Model that served', value: model?.served },
          provider?.name
            ? { label: 'Provider', value: provider.name, filter: ['provider.name', provider.name] }
            : null,
          { label: 'Endpoint', value: endpoint(call) },
          { label: 'HTTP status', value: provider?.http_status },
          idFact('Provider request id', provider?.request_id),
          idFact('Response id', call.response?.id),
          { label: 'Region', value: provider?.region },
          { label: 'API version', value: provider?.api_version },
          { label: 'Service tier', value: provider?.service_tier },
          { label: 'Requests left', value: limit(provider?.rate_limit?.requests) },
          { label: 'Tokens left', value: limit(provider?.rate_limit?.tokens) },
          { label: 'Stream chunks', value: call.response?.chunks },
          { label: 'Client retries', value: call.client_retry },
          { label: 'Answered from cache', value: call.cache?.hit },
        ]}
      />
      <FactSection
        title="Who and where"
        facts={[
          idFact('Call', call.id),
          idFact('Session', trace?.session_id, 'trace.session_id'),
          idFact(
            'Request',
            request,
            'trace.request_id',
            request && (
              <Link to="/requests/$requestId" params={{ requestId: request }}>
                tree
              </Link>
            ),
          ),
          idFact(
            'Parent call',
            trace?.parent_id,
            undefined,
            trace?.parent_id && (
              <Link to="/calls/$callId" params={{ callId: trace.parent_id }} search={withoutPanel}>
                open
              </Link>
            ),
          ),
          { label: 'Place in request', value: trace?.sequence },
          idFact('Trace', trace?.trace_id, 'trace.trace_id'),
          idFact('Span', trace?.span_id),
          trace?.agent ? { label: 'Agent', value: trace.agent, filter: ['trace.agent', trace.agent] } : null,
          trace?.function
            ? { label: 'Function', value: trace.function, filter: ['trace.function', trace.function] }
            : null,
          { label: 'Operation', value: trace?.operation },
          idFact('User', call.who?.user_id, 'who.user_id'),
          idFact('Data subject', call.who?.subject, 'who.subject'),
          { label: 'Project', value: call.project },
          { label: 'Environment', value: call.environment },
          { label: 'Release', value: call.release },
          { label: 'Tenant', value: call.tenant },
          { label: 'Source', value: call.source },
          { label: 'Began', value: call.started_at ? <TimeText at={call.started_at} /> : null },
          { label: 'Ended', value: call.ended_at ? <TimeText at={call.ended_at} /> : null },
          idFact(
            'Replay of',
            call.replay?.of,
            undefined,
            call.replay?.of && (
              <Link
                to="/calls/$callId"
                params={{ callId: call.replay.of }}
                search={comparisonSearch(call.id)}
              >
                compare
              </Link>
            ),
          ),
        ]}
      />
      <FactSection
        title="Prompt"
        facts={[
          prompt?.type
            ? {
                label: 'Type',
                value: prompt.type,
                filter: ['prompt.type', prompt.type],
                link: (
                  <Link to="/prompt-types/$promptType" params={{ promptType: prompt.type }}>
                    settings and totals
                  </Link>
                ),
              }
            : null,
          prompt?.name
            ? {
                label: 'Name',
                value: prompt.name,
                filter: ['prompt.name', prompt.name],
                link: !prompt.version && <PromptLink prompt={prompt} />,
              }
            : null,
          { label: 'Version', value: prompt?.version, link: prompt?.name && <PromptLink prompt={prompt} /> },
          { label: 'Variables', value: prompt?.variables && <JsonView value={prompt.variables} /> },
          { label: 'Missing variables', value: prompt?.missing_variables?.join(', ') },
          {
            label: 'Experiment',
            value: [prompt?.experiment?.id, prompt?.experiment?.variant].filter(Boolean).join(' · '),
          },
        ]}
      />
      <FactSection
        title="Labels"
        facts={[
          ...(labels?.tags ?? []).map((tag, index) => ({
            label: index === 0 ? 'Tag' : `Tag ${index + 1}`,
            value: tag,
            filter: ['labels.tags', tag] as [string, string],
          })),
          ...Object.entries(labels?.attributes ?? {}).map(([name, value]) => ({
            label: name,
            value: String(value),
            filter: [`labels.attributes.${name}`, String(value)] as [string, string],
          })),
          {
            label: 'Metadata',
            value: labels?.metadata === undefined ? null : <JsonView value={labels.metadata} />,
          },
        ]}
      />
      {call.scores && Object.keys(call.scores).length > 0 && (
        <FactSection title="Scores">
          <Scores scores={call.scores} />
        </FactSection>
      )}
      <FactSection
        title="Media"
        facts={(call.media ?? []).map((item, index) => ({
          label: item.mime ?? `item ${index + 1}`,
          value: [item.bytes === undefined ? '' : formatBytes(item.bytes), item.hash ?? '']
            .filter(Boolean)
            .join(' · '),
        }))}
      />
      <FactSection
        title="Privacy"
        facts={[
          {
            label: 'Payload kept',
            value: privacy?.full_data === undefined ? null : privacy.full_data ? 'yes' : 'no',
          },
          { label: 'Retention', value: privacy?.retention },
          {
            label: 'Masked',
            value: Object.entries(privacy?.masked ?? {})
              .map(([kind, count]) => `${kind} × ${count}`)
              .join(', '),
          },
          {
            label: 'Cut off',
            value: Object.entries(privacy?.truncated ?? {})
              .map(
                ([field, cut]) =>
                  `${field}${cut.bytes === undefined ? '' : ` (was ${formatBytes(cut.bytes)})`}`,
              )
              .join(', '),
          },
        ]}
      />
    </div>
  )
}

/** What was asked for: the version that this call names. */
function PromptLink({ prompt: { name = '', version } }: { prompt: Prompt }) {
  return (
    <Link to="/prompts/$promptName" params={{ promptName: name }} search={version ? { version } : {}}>
      {version ? 'what it says' : 'prompt'}
    </Link>
  )
}

function endpoint(call: Call) {
  const { method, host, path } = call.provider?.endpoint ?? {}
  if (!host && !path) return null
  return <span className="mono">{[method, `${host ?? ''}${path ?? ''}`].filter(Boolean).join(' ')}</span>
}

function limit(rate: RateLimit | undefined) {
  if (rate?.remaining === undefined) return null
  const of = rate.limit === undefined ? '' : ` of ${formatCount(rate.limit)}`
  const reset = rate.reset_ms === undefined ? '' : `, full again in ${formatDuration(rate.reset_ms)}`
  return `${formatCount(rate.remaining)}${of}${reset}`
}
