import {
  IconDatabaseSearch,
  IconMessage,
  IconPoint,
  IconRobot,
  IconTool,
  IconVector,
} from '@tabler/icons-react'

const icons: Record<string, typeof IconPoint> = {
  agent: IconRobot,
  function: IconTool,
  chat: IconMessage,
  completion: IconMessage,
  vision: IconMessage,
  embedding: IconVector,
  retrieval: IconDatabaseSearch,
}

export function KindIcon({ kind }: { kind: string | undefined }) {
  const Icon = icons[kind ?? ''] ?? IconPoint
  return <Icon size={15} aria-hidden="true" style={{ flex: 'none', color: 'var(--text-dim)' }} />
}
