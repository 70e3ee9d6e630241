import { IconFilter } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { CopyButton } from '../components/CopyButton'
import classes from './Facts.module.css'

export interface Fact {
  label: string
  value: ReactNode
  /** Text to copy; offered for ids. */
  copy?: string
  /** The record's path, where looking at all calls with the same value makes sense. */
  filter?: [path: string, value: string]
  /** A page of its own for this value. */
  link?: ReactNode
}

/** A titled list of facts; those that the record does not have are left out, and so is a section without any. */
export function FactSection({
  title,
  facts,
  children,
}: {
  title: string
  facts?: (Fact | null)[]
  children?: ReactNode
}) {
  const known = (facts ?? []).filter((fact): fact is Fact => fact !== null && !isAbsent(fact.value))
  if (known.length === 0 && !children) return null
  return (
    <section className={classes.section}>
      <h3>{title}</h3>
      {known.length > 0 && (
        <dl className={classes.facts}>
          {known.map((fact) => (
            <div key={fact.label}>
              <dt>{fact.label}</dt>
              <dd>
                <span className={classes.value}>{fact.value}</span>
                {fact.copy && <CopyButton text={fact.copy} what={fact.label} />}
                {fact.filter && (
                  <Link
                    to="/"
                    search={{ [fact.filter[0]]: fact.filter[1], range: 'all' }}
                    className={classes.filter}
                    aria-label={`All calls with this ${fact.label.toLowerCase()}`}
                    title={`All calls with this ${fact.label.toLowerCase()}`}
                  >
                    <IconFilter size={13} />
                  </Link>
                )}
                {fact.link}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {children}
    </section>
  )
}

/** An id: shown in full, to copy, and to filter by where `path` is given. */
export function idFact(
  label: string,
  value: string | undefined,
  path?: string,
  link?: ReactNode,
): Fact | null {
  if (!value) return null
  return {
    label,
    value: <span className="mono">{value}</span>,
    copy: value,
    filter: path ? [path, value] : undefined,
    link,
  }
}

function isAbsent(value: ReactNode): boolean {
  return value === undefined || value === null || value === ''
}
