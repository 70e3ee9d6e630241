import type { Json, JsonObject } from '../api/types'
import { JsonView } from '../components/JsonView'
import classes from './ToolList.module.css'

/** The tools that the model was offered; each provider wraps name and description in its own way. */
export function ToolList({ tools }: { tools: Json }) {
  if (!Array.isArray(tools)) return <JsonView value={tools} />
  return (
    <ul className={classes.list}>
      {tools.map((tool, index) => {
        const { name, description } = nameOf(tool)
        return (
          <li key={index}>
            <details>
              <summary>
                <strong className="mono">{name}</strong> <span className="dim">{description}</span>
              </summary>
              <JsonView value={tool} />
            </details>
          </li>
        )
      })}
    </ul>
  )
}

function nameOf(tool: Json): { name: string; description: string } {
  const outer = asObject(tool)
  const inner = outer.function ? asObject(outer.function) : outer
  const first = inner.name ?? outer.type ?? Object.keys(outer)[0]
  return {
    name: typeof first === 'string' ? first : 'tool',
    description: typeof inner.description === 'string' ? inner.description : '',
  }
}

function asObject(value: Json): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
}
