/** How a program gets a version: by the label that stands on it, or by its number. */
export interface Wanted {
  /** Where the server is: "http://127.0.0.1:8787". */
  origin: string
  prompt: string
  label?: string
  version?: string
  /** The server asks for a key. */
  withKey: boolean
}

export interface Snippet {
  id: string
  label: string
  code: string
}

export function fetchSnippets(wanted: Wanted): Snippet[] {
  const { origin, prompt, label, version, withKey } = wanted
  const which = label ? { label } : version ? { version } : {}
  const query = new URLSearchParams(which as Record<string, string>).toString()
  const path = `${origin}/api/v1/prompts/${encodePath(prompt)}`
  const url = `${path}/fetch${query && `?${query}`}`
  const curl = `curl ${withKey ? '-H "authorization: Bearer $STENO_API_KEY" ' : ''}"${url}"`
  const request = withKey
    ? `urllib.request.Request(url, headers={"authorization": "Bearer " + os.environ["STENO_API_KEY"]})`
    : 'url'
  const python = [
    `import json, ${withKey ? 'os, ' : ''}urllib.request`,
    '',
    `url = ${JSON.stringify(url)}`,
    `with urllib.request.urlopen(${request}) as answer:`,
    '    prompt = json.load(answer)',
    'print(prompt["version"], prompt.get("text") or prompt["messages"])',
  ].join('\n')
  const flag = label ? ` --label ${shellWord(label)}` : version ? ` --version ${shellWord(version)}` : ''
  const command = `steno prompts show ${shellWord(prompt)}${flag} --server ${origin}`
  return [
    { id: 'curl', label: 'curl', code: curl },
    { id: 'python', label: 'Python', code: python },
    { id: 'command', label: 'Command line', code: command },
  ]
}

/** Also what encodeURIComponent leaves and a shell or a quoted text would read. */
function encodePath(name: string): string {
  return encodeURIComponent(name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
