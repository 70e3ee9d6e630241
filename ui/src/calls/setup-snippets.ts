export interface Snippet {
  id: string
  label: string
  code: string
}

/** Setup code to copy, for this server's address and the upstreams that it has (all well-known ones if it tells none). */
export function setupSnippets(origin: string, upstreams: string[]): Snippet[] {
  const has = (name: string) => upstreams.length === 0 || upstreams.includes(name)
  const python: string[] = []
  const node: string[] = []
  if (has('openai')) {
    python.push(`from openai import OpenAI\nclient = OpenAI(base_url="${origin}/openai/v1")`)
    node.push(`import OpenAI from 'openai'\nconst client = new OpenAI({ baseURL: '${origin}/openai/v1' })`)
  }
  if (has('anthropic')) {
    python.push(`from anthropic import Anthropic\nclient = Anthropic(base_url="${origin}/anthropic")`)
    node.push(
      `import Anthropic from '@anthropic-ai/sdk'\nconst client = new Anthropic({ baseURL: '${origin}/anthropic' })`,
    )
  }
  if (has('gemini')) {
    python.push(
      `from google import genai\nclient = genai.Client(http_options={"base_url": "${origin}/gemini"})`,
    )
    node.push(
      `import { GoogleGenAI } from '@google/genai'\nconst client = new GoogleGenAI({ httpOptions: { baseUrl: '${origin}/gemini' } })`,
    )
  }
  const curl = has('openai')
    ? `curl ${origin}/openai/v1/chat/completions \\
  -H "authorization: Bearer $OPENAI_API_KEY" -H "content-type: application/json" \\
  -H "x-steno-user: me" -H "x-steno-tags: first" \\
  -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say hello"}]}'`
    : `curl ${origin}/${upstreams[0]}/…`
  const environment = [
    has('openai') ? `export OPENAI_BASE_URL=${origin}/openai/v1` : '',
    has('anthropic') ? `export ANTHROPIC_BASE_URL=${origin}/anthropic` : '',
  ].filter(Boolean)
  return [
    { id: 'python', label: 'Python', code: python.join('\n\n') },
    { id: 'node', label: 'Node', code: node.join('\n\n') },
    { id: 'curl', label: 'curl', code: curl },
    { id: 'environment', label: 'Environment', code: environment.join('\n') },
  ].filter((snippet) => snippet.code !== '')
}
