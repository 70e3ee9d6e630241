import { useQuery } from '@tanstack/react-query'
import { aggregateQuery } from '../api/queries'

/** The models that are on the record, of this provider or of all, the most used first. */
export function useModels(provider?: string): string[] {
  const params = new URLSearchParams({
    group_by: 'model.requested',
    measures: 'calls',
    order: '-calls',
    limit: '100',
  })
  if (provider) params.set('provider.name', provider)
  const { data } = useQuery(aggregateQuery(params.toString()))
  return (data?.groups ?? []).flatMap((group) => group.key?.['model.requested'] ?? [])
}
