import { Skeleton } from '@mantine/core'

export function PanelSkeleton() {
  return (
    <div style={{ padding: 18 }} role="status" aria-label="Loading the call">
      <Skeleton height={34} mb={22} />
      {[70, 95, 60, 88, 40].map((width) => (
        <Skeleton key={width} height={10} mb={11} width={`${width}%`} />
      ))}
    </div>
  )
}
