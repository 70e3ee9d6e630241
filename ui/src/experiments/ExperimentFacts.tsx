import type { Experiment } from '../api/experiment-types'
import { FactSection, idFact } from '../call/Facts'
import { TimeText } from '../components/TimeText'
import { metricName } from '../performance/metrics'
import { sayAmount, sayGuard, sayRule, sayUnits } from './experiment-words'
import { Subject } from './Subject'

/** What is asked, and of whom. */
export function ExperimentFacts({ of }: { of: Experiment }) {
  return (
    <>
      <FactSection
        title="What is compared"
        facts={[
          { label: 'On', value: <Subject of={of} /> },
          of.prompt ? { label: 'Asked for by', value: `label ${of.label}` } : null,
          { label: 'Takes part', value: sayUnits(of) },
          { label: 'Metric', value: metricName(of.metric) },
          of.better === 'neither' ? null : { label: 'Better is', value: of.better },
          of.margin > 0
            ? {
                label: 'No matter below',
                value: sayAmount(of.metric, of.margin),
              }
            : null,
          of.guards.length > 0
            ? {
                label: of.guards.length === 1 ? 'Guard' : 'Guards',
                value: of.guards.map((guard) => <div key={guard.metric}>{sayGuard(guard)}</div>),
              }
            : null,
          { label: 'Decided', value: sayRule(of.rule) },
          of.rule === 'bandit' ? { label: 'Weights set', value: `every ${of.every_minutes} minutes` } : null,
        ]}
      />
      <FactSection
        title="When"
        facts={[
          { label: 'Made', value: <TimeText at={of.created_at} /> },
          of.started_at ? { label: 'Started', value: <TimeText at={of.started_at} /> } : null,
          of.concluded_at ? { label: 'Concluded', value: <TimeText at={of.concluded_at} /> } : null,
          of.state === 'concluded' ? { label: 'Winner', value: of.winner ?? 'none' } : null,
          idFact('Id', of.id, 'prompt.experiment.id'),
        ]}
      />
    </>
  )
}
