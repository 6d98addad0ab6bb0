import { api, type Sent, take } from './client'
import type { components } from './schema'
import type { Id } from './types'

type S = components['schemas']
export type LineSettings = S['LineSettings']
export type Line = Sent<S['LineView']>
export type PromptVersion = Sent<S['PromptVersionView']>
export type Prompt = Sent<S['PromptView']>
export type PromptVerb = 'submit' | 'approve' | 'return' | 'withdraw'

export const line = (): Promise<Line> => take(api.GET('/api/v1/line'))
export const saveLine = (version: number, settings: LineSettings): Promise<Line> => take(api.PUT('/api/v1/line', { body: { version, settings } }))
export const switchIncident = (on: boolean, reason: string): Promise<Line> => take(api.PUT('/api/v1/line/incident', { body: { on, reason } }))
export const switchHoliday = (on: boolean, reason: string, until: string | null): Promise<Line> => take(api.PUT('/api/v1/line/holiday', { body: { on, reason, until } }))
export const prompts = () => take(api.GET('/api/v1/prompts')) as Promise<{ items: Prompt[] }>
export function bringPrompt(name: string, words: string, reason: string, file: File): Promise<PromptVersion> {
  const form = new FormData()
  form.append('file', file)
  return take(api.POST('/api/v1/prompts/{name}/versions', { params: { path: { name }, query: { words, reason } }, body: form as never, bodySerializer: (body: unknown) => body as FormData }))
}
export function stepPrompt(id: Id, version: number, verb: PromptVerb, opinion: string | null): Promise<PromptVersion> {
  const asked = { params: { path: { id } }, body: { version, opinion } }
  if (verb === 'submit') return take(api.POST('/api/v1/prompt-versions/{id}/submit', asked))
  if (verb === 'approve') return take(api.POST('/api/v1/prompt-versions/{id}/approve', asked))
  if (verb === 'return') return take(api.POST('/api/v1/prompt-versions/{id}/return', asked))
  return take(api.POST('/api/v1/prompt-versions/{id}/withdraw', asked))
}
/** Played by the browser itself. */
export const promptSound = (name: string): string => `/api/v1/prompts/${encodeURIComponent(name)}/sound`
export const versionSound = (id: Id): string => `/api/v1/prompt-versions/${encodeURIComponent(id)}/sound`
