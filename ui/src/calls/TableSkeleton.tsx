import { Skeleton } from '@mantine/core'
import classes from './TableSkeleton.module.css'

const widths = [70, 62, 58, 110, 260, 240, 90, 70, 52]

export function TableSkeleton() {
  return (
    <div className={classes.box} role="status" aria-label="Loading calls">
      {Array.from({ length: 14 }, (_, row) => (
        <div key={row} className={classes.row} style={{ opacity: 1 - row * 0.06 }}>
          {widths.map((width, column) => (
            <Skeleton key={column} height={9} width={width * (0.75 + ((row * 7 + column * 3) % 5) / 16)} />
          ))}
        </div>
      ))}
    </div>
  )
}
