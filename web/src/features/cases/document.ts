// What is typed of a 请示 or a 报告, and what is sent of it.
import type { DocumentText } from '@/api/cases'
import type { Instruction, InstructionKind } from '@/api/types'

/** The purchaser's leader, where a section is asked for. */
export const LEADER = 'leader'

export interface DocumentDraft {
  kind: InstructionKind
  matter: string | null
  /** A section, `leader`, or nothing: the section of the matter. */
  to: string
  title: string
  body: string
}

export const draftOf = (one: Pick<Instruction, 'kind' | 'matter' | 'section' | 'title' | 'body'> | null): DocumentDraft => ({
  kind: one?.kind ?? 'instruction_request', matter: one?.matter ?? null, to: one ? (one.section ?? LEADER) : '', title: one?.title ?? '', body: one?.body ?? '',
})

/** The document as the server takes it, or the first field that it lacks. */
export function documentText(draft: DocumentDraft, ticket: string | null | undefined): DocumentText | 'matters' | 'title' | 'body' {
  const [title, body] = [draft.title.trim(), draft.body.trim()]
  if (!draft.matter) return 'matters'
  if (!title) return 'title'
  if (!body) return 'body'
  return { matters: [draft.matter], ...(draft.to ? { to: draft.to } : {}), ...(ticket ? { ticket_id: ticket } : {}), title, body }
}
