import { authorization } from './key'
import { Problem, problemFromResponse, unreachable } from './problem'

export const apiBase = '/api/v1'

/** Fetches below /api/v1; every way to fail ends in a Problem, except an abort, which stays an AbortError. */
export async function fetchApi(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(apiBase + path, {
      ...init,
      headers: { accept: 'application/json', ...authorization(), ...init.headers },
    })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw unreachable()
  }
  if (!response.ok) throw await problemFromResponse(response)
  return response
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetchApi(path, { signal })
  try {
    return (await response.json()) as T
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem({
      title: 'The server’s answer is not JSON',
      detail: `GET ${apiBase}${path}`,
      remedy: 'Is something else listening on this address, or a proxy in between?',
      status: response.status,
    })
  }
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  return (await fetchApi(path, { signal, headers: { accept: '*/*' } })).text()
}

export async function postJson<T>(path: string, body: unknown): Promise<T> {
  return sendJson<T>('POST', path, body)
}

/** `match`: only if the thing is as it was when it had this ETag; else a Problem with status 412. */
export async function sendJson<T>(
  method: 'POST' | 'PUT' | 'PATCH',
  path: string,
  body: unknown,
  match?: string,
): Promise<T> {
  return sendText<T>(method, path, JSON.stringify(body), match)
}

/** As sendJson, of JSON that is a text already. */
export async function sendText<T>(
  method: 'POST' | 'PUT' | 'PATCH',
  path: string,
  json: string,
  match?: string,
): Promise<T> {
  const response = await fetchApi(path, {
    method,
    headers: { 'content-type': 'application/json', ...(match && { 'if-match': match }) },
    body: json,
  })
  return (await response.json()) as T
}

/** Takes a thing away, on the same condition as sendJson; null where nothing is left to say. */
export async function sendDelete<T>(path: string, match?: string): Promise<T | null> {
  const response = await fetchApi(path, { method: 'DELETE', headers: match ? { 'if-match': match } : {} })
  return response.status === 204 ? null : ((await response.json()) as T)
}
