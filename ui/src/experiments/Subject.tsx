import { Link } from '@tanstack/react-router'
import type { Experiment } from '../api/experiment-types'

/** The prompt whose versions are served, or the kind of prompt whose calls are edited. */
export function Subject({ of }: { of: Experiment }) {
  return (
    <>
      {of.prompt && (
        <div>
          prompt{' '}
          <Link to="/prompts/$promptName" params={{ promptName: of.prompt }}>
            {of.prompt}
          </Link>
        </div>
      )}
      {of.prompt_type && (
        <div>
          type{' '}
          <Link to="/prompt-types/$promptType" params={{ promptType: of.prompt_type }}>
            {of.prompt_type}
          </Link>
        </div>
      )}
    </>
  )
}
