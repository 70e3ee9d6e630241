import { useState } from 'react'
import classes from './JsonView.module.css'

/** A JSON value in colour, its branches to fold; deep and long ones start folded. */
export function JsonView({ value }: { value: unknown }) {
  return (
    <div className={classes.json}>
      <Node value={value} depth={0} last />
    </div>
  )
}

interface NodeProps {
  name?: string
  value: unknown
  depth: number
  last: boolean
}

const kOpenDepth = 3
const kOpenItems = 60

function Node({ name, value, depth, last }: NodeProps) {
  const isArray = Array.isArray(value)
  const isBranch = value !== null && typeof value === 'object'
  const entries: [string, unknown][] = isBranch ? Object.entries(value as object) : []
  const [open, setOpen] = useState(depth < kOpenDepth && entries.length <= kOpenItems)
  const key = name !== undefined && <span className={classes.key}>{JSON.stringify(name)}: </span>
  const comma = last ? '' : ','
  if (!isBranch) {
    return (
      <div className={classes.line}>
        {key}
        <span className={classes[typeof value] ?? classes.other}>{JSON.stringify(value)}</span>
        {comma}
      </div>
    )
  }
  const [before, after] = isArray ? ['[', ']'] : ['{', '}']
  if (entries.length === 0) {
    return (
      <div className={classes.line}>
        {key}
        {before + after + comma}
      </div>
    )
  }
  return (
    <div>
      <div className={classes.line}>
        <button
          type="button"
          className={classes.fold}
          aria-expanded={open}
          aria-label={`${open ? 'Fold' : 'Unfold'} ${name ?? 'value'}`}
          onClick={() => setOpen(!open)}
        >
          {open ? '▾' : '▸'}
        </button>
        {key}
        {before}
        {!open && (
          <>
            <span className="dim"> {entries.length} … </span>
            {after + comma}
          </>
        )}
      </div>
      {open && (
        <>
          <div className={classes.children}>
            {entries.map(([childName, child], index) => (
              <Node
                key={childName}
                name={isArray ? undefined : childName}
                value={child}
                depth={depth + 1}
                last={index === entries.length - 1}
              />
            ))}
          </div>
          <div className={classes.line}>{after + comma}</div>
        </>
      )}
    </div>
  )
}
