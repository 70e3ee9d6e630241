import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { VersionFacts } from '../api/registry-types'
import { TimeText } from '../components/TimeText'
import { LabelChip } from './LabelChip'
import classes from './VersionList.module.css'

interface Props {
  name: string
  versions: VersionFacts[]
  chosen: string
}

/** The versions, the highest first; only those in sight are in the document: there can be 10,000. */
export function VersionList({ name, versions, chosen }: Props) {
  const scroller = useRef<HTMLElement>(null)
  const virtualizer = useVirtualizer({
    count: versions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 50,
    getItemKey: (index) => versions[index]?.version ?? index,
    overscan: 8,
  })
  useEffect(() => {
    const index = versions.findIndex((each) => each.version === chosen)
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' })
    // Only another choice scrolls.
  }, [chosen])
  return (
    <nav ref={scroller} className={classes.list} aria-label="Versions">
      <div className={classes.all} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const each = versions[item.index]
          if (!each) return null
          return (
            <Link
              key={each.version}
              to="/prompts/$promptName"
              params={{ promptName: name }}
              search={{ version: each.version }}
              className={classes.item}
              aria-current={each.version === chosen || undefined}
              style={{ transform: `translateY(${item.start}px)` }}
              title={each.notes || undefined}
            >
              <span className={classes.first}>
                <strong>{each.version}</strong>
                {each.labels.map((label) => (
                  <LabelChip key={label} label={label} />
                ))}
              </span>
              <span className={classes.second}>
                <TimeText at={each.created_at} />
                {each.author && <> · {each.author}</>}
                {each.notes && <> · {each.notes}</>}
              </span>
            </Link>
          )
        })}
      </div>
    </nav>
  )
}
