// What agents may say, and how it comes into force: articles, changes, search, gaps, look-up tables, fault trees, reading.
import { api, type Filters, foundInOrder, listing, take } from './client'
import type { Colleague, Id, Page, Timestamp } from './types'

interface Answer { data?: unknown; error?: unknown; response: Response }
type Door = (path: string, init?: object) => Promise<Answer>
/** Sent by path: the shapes stand below, as the server describes them. */
const doors = api as unknown as Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Door>
const at = (...parts: (string | number)[]): string => `/api/v1/${parts.map((part) => encodeURIComponent(part)).join('/')}`
const get = <T>(path: string, filters: Filters = {}) => take(doors.GET(path, listing(filters))) as Promise<unknown> as Promise<T>
const send = <T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  take(doors[method](path, body === undefined ? {} : { body })) as Promise<unknown> as Promise<T>

/** As on the wire, in the order of the life. */
export const APPROVAL_STATES = [
  'draft', 'submitted', 'returned', 'approved', 'pending_ratification', 'effective', 'paused', 'withdrawn', 'expired', 'superseded',
] as const
export type ApprovalState = (typeof APPROVAL_STATES)[number]
export const ARTICLE_KINDS = ['article', 'script'] as const
export type ArticleKind = (typeof ARTICLE_KINDS)[number]
export const APPROVAL_KINDS = ['article', 'fault_tree'] as const

export interface Approval {
  id: Id
  number: string
  kind: string
  subject_id: Id
  subject_number: string
  n: number
  title: string
  state: ApprovalState
  emergency: boolean
  /** Why it could not wait. */
  reason: string | null
  /** What the purchaser said last. */
  opinion: string | null
  author: Colleague | null
  submitted_by: Colleague | null
  submitted_at: Timestamp | null
  decided_by: Colleague | null
  decided_at: Timestamp | null
  /** When the decision or the ratification is due. */
  due_at: Timestamp | null
  effective_at: Timestamp | null
  ended_at: Timestamp | null
  valid_to: Timestamp | null
  review_due: Timestamp | null
  due_for_review: boolean
  overdue: boolean
  version: number
}
export interface ApprovalLine { at: Timestamp; who: string | null; who_id: Id | null; action: string; note: string | null }
export type ApprovalDetail = Approval & { lines: ApprovalLine[] }

export interface Content {
  title: string
  question: string
  answer: string
  public_answer: string | null
  keywords: string[]
  source_no: string
  source_title: string
  valid_from: Timestamp | null
  valid_to: Timestamp | null
  review_due: Timestamp | null
}
/** `uuid@n` is what an answer cites. */
export type Version = Content & { n: number; citation: string; author: Colleague | null; created_at: Timestamp; approval: Approval }
export interface Article {
  id: Id
  number: string
  kind: ArticleKind
  matter: string
  owner_section: string | null
  tags: string[]
  title: string
  state: ApprovalState
  current: number | null
  latest: number
  emergency: boolean
  due_for_review: boolean
  review_due: Timestamp | null
  effective_at: Timestamp | null
  valid_to: Timestamp | null
  created_by: Colleague | null
  created_at: Timestamp
  updated_at: Timestamp
  version: number
}
export type ArticleDetail = Article & { in_force: Version | null; working: Version | null }
export interface NewArticle { kind: ArticleKind; matter: string; owner_section?: string; tags?: string[]; content: Content }
export interface ArticleChange { matter?: string; owner_section?: string; tags?: string[]; content?: Content }

export const articles = (filters: Filters) => get<Page<Article>>(at('articles'), filters)
export const article = (id: Id) => get<ArticleDetail>(at('articles', id))
export const newArticle = (body: NewArticle) => send<ArticleDetail>('POST', at('articles'), body)
export const editArticle = (id: Id, version: number, change: ArticleChange) => send<ArticleDetail>('PATCH', at('articles', id), { version, ...change })
export const articleVersions = (id: Id) => get<{ items: Version[] }>(at('articles', id, 'versions'))
export const articleVersion = (id: Id, n: number) => get<Version>(at('articles', id, 'versions', n))

export const approvals = (filters: Filters) => get<Page<Approval>>(at('approvals'), filters)
export const approval = (id: Id) => get<ApprovalDetail>(at('approvals', id))
export const APPROVAL_VERBS = ['submit', 'recall', 'discard', 'emergency', 'approve', 'return', 'ratify', 'refuse', 'withdraw', 'review'] as const
export type ApprovalVerb = (typeof APPROVAL_VERBS)[number]
/** `version` is that of the change, not of what it changes. */
export const decide = (id: Id, version: number, verb: ApprovalVerb, said: Record<string, string> = {}) =>
  send<ApprovalDetail>('POST', at('approvals', id, verb), { version, ...said })

export const WHYS = ['word', 'synonym', 'pinyin', 'document', 'number'] as const
export interface Mark { field: 'title' | 'question' | 'answer' | 'keywords'; start: number; end: number }
export interface Hit {
  id: Id
  number: string
  n: number
  citation: string
  kind: ArticleKind
  matter: string
  title: string
  question: string
  keywords?: string
  answer_excerpt: string
  answer?: string
  score: number
  in_force: boolean
  why: (typeof WHYS)[number][]
  /** In code points; those of the answer count in the excerpt. */
  marks: Mark[]
  source_no: string
  source_title: string
  effective_at?: Timestamp | null
  valid_to: Timestamp | null
  due_for_review: boolean
}
export const searchArticles = (filters: Filters) => get<{ items: Hit[]; took_us: number }>(at('articles', 'search'), filters)
export const suggestArticles = (text: string, matter: string | null, limit = 5) =>
  send<{ items: Hit[] }>('POST', at('articles', 'suggest'), { text, ...(matter ? { matter } : {}), limit })

export interface Synonym { id: Id; words: string[]; version: number }
export const synonyms = () => get<{ items: Synonym[] }>(at('synonyms'))
/** Each answers the whole list. */
type Synonyms = { items: Synonym[] }
export const addSynonym = (words: string[]) => send<Synonyms>('POST', at('synonyms'), { words })
export const editSynonym = (one: Synonym, words: string[]) => send<Synonyms>('PUT', at('synonyms', one.id), { version: one.version, words })
export const removeSynonym = (id: Id) => send<Synonyms>('DELETE', at('synonyms', id))

export const GAP_STATES = ['open', 'drafted', 'closed'] as const
export type GapSource = 'call' | 'conversation' | 'search'
export interface Gap {
  id: Id
  query: string
  matter: string | null
  state: (typeof GAP_STATES)[number]
  asked: number
  first_at: Timestamp
  last_at: Timestamp
  last_by: Colleague | null
  note: string
  article_id: Id | null
  reason: string | null
  version: number
}
export const gaps = (filters: Filters) => foundInOrder((query) => get<Page<Gap>>(at('knowledge-gaps'), query), filters)
export const reportGap = (query: string, source: GapSource, sourceId: Id | null) =>
  send<Gap>('POST', at('knowledge-gaps'), { query, source, ...(sourceId ? { source_id: sourceId } : {}) })
export const draftGap = (gap: Gap, matter: string, kind: ArticleKind) =>
  send<{ gap: Gap; article: ArticleDetail }>('POST', at('knowledge-gaps', gap.id, 'draft'), { version: gap.version, matter, kind })
export const closeGap = (gap: Gap, reason: string) => send<Gap>('POST', at('knowledge-gaps', gap.id, 'close'), { version: gap.version, reason })

/** The tables of dates that the purchaser keeps; also their address. */
export const LOOKUPS = ['exam-plans', 'title-batches'] as const
export type LookupTable = (typeof LOOKUPS)[number]
/** Moments and texts by their names; which there are is known by the table (features/knowledge/lookup.ts). */
export type LookupFields = Record<string, string | null>
export interface PublicLookup { code: string; year: number; name: string; fields: LookupFields }
export interface LookupRow extends PublicLookup {
  active: boolean
  /** The names of the fields that the public sees. */
  public: string[]
  updated_by: Colleague | null
  updated_at: Timestamp
  version: number
}
export type LookupEntry = Pick<LookupRow, 'year' | 'name' | 'active' | 'fields' | 'public' | 'version'>
export interface LookupReport {
  rows: number
  new: string[]
  changed: string[]
  unchanged: number
  errors: { row: number; column: string | null; field: string | null; code: string; detail: string }[]
  errors_total: number
}
/** So many pages of a table are read: it is looked through as a whole. */
const PAGES = 5
/** All rows, or of a larger table the newest thousand. */
async function whole<T>(path: string, filters: Filters = {}): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  for (let n = 0; n < PAGES; n++) {
    const page: Page<T> = await get<Page<T>>(path, { ...filters, per_page: 200, cursor: cursor ?? undefined })
    items.push(...page.items)
    cursor = page.next
    if (!cursor) break
  }
  return items
}
export const lookups = (table: LookupTable, filters: Filters = {}) => whole<LookupRow>(at(table), filters)
/** Version 0 is a new row. */
export const saveLookup = (table: LookupTable, code: string, entry: LookupEntry) => send<LookupRow>('PUT', at(table, code), entry)
/** The row as it was with each version, the newest first. */
export const lookupHistory = (table: LookupTable, code: string) => get<{ items: LookupRow[] }>(at(table, code, 'history'))
/** The whole table as a file, which is also its template. */
export const lookupExport = (table: LookupTable): string => at(table, 'export')
export function importLookup(table: LookupTable, file: File, dryRun: boolean): Promise<LookupReport> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(doors.POST(`${at(table, 'import')}?dry_run=${dryRun}`, { body: form, bodySerializer: (body: unknown) => body })) as Promise<unknown> as Promise<LookupReport>
}
/** For everybody on the net: only the public fields. */
export const publicLookups = (table: LookupTable) => get<Page<PublicLookup>>(at('public', table), { per_page: 200 })

export const OUTCOMES = ['solved', 'article', 'escalate'] as const
export type OutcomeKind = (typeof OUTCOMES)[number]
/** A question with its answers, or without answers what a walk ends with. */
export interface TreeNode {
  id: string
  text: string
  answers: { label: string; to: string }[]
  outcome: OutcomeKind | null
  /** What says the rest. */
  article_id: Id | null
}
/** A walk begins at the first node. */
export interface TreeContent { title: string; symptom: string; nodes: TreeNode[] }
export type TreeVersion = TreeContent & { n: number; created_at: Timestamp; approval: Approval }
export interface FaultTree {
  id: Id
  number: string
  matter: string
  owner_section: string | null
  title: string
  state: ApprovalState
  current: number | null
  latest: number
  emergency: boolean
  created_by: Colleague | null
  created_at: Timestamp
  updated_at: Timestamp
  version: number
}
export type FaultTreeDetail = FaultTree & { in_force: TreeVersion | null; working: TreeVersion | null }
export const faultTrees = (filters: Filters) => get<Page<FaultTree>>(at('fault-trees'), filters)
export const faultTree = (id: Id) => get<FaultTreeDetail>(at('fault-trees', id))
export const faultTreeVersions = (id: Id) => get<{ items: TreeVersion[] }>(at('fault-trees', id, 'versions'))
export const newFaultTree = (matter: string, content: TreeContent) => send<FaultTreeDetail>('POST', at('fault-trees'), { matter, content })
export const editFaultTree = (id: Id, version: number, content: TreeContent) => send<FaultTreeDetail>('PATCH', at('fault-trees', id), { version, content })
export interface WalkStep { node: string; answer: number }
export interface NewWalk { n: number; steps: WalkStep[]; broken_off: boolean; call_id?: Id; conversation_id?: Id; ticket_id?: Id; note?: string }
export interface Walk {
  id: Id
  tree_id: Id
  tree_number: string
  n: number
  title: string
  path: { node: string; text: string; answer: string }[]
  outcome: OutcomeKind | null
  outcome_text: string
  at: Timestamp
  by: Colleague | null
}
export const recordWalk = (tree: Id, walk: NewWalk) => send<Walk>('POST', at('fault-trees', tree, 'walks'), walk)

export const READING_STATES = ['to_read', 'to_answer', 'done', 'ended'] as const
export type ReadingState = (typeof READING_STATES)[number]
export interface Reading {
  id: Id
  article_id: Id
  n: number
  number: string
  title: string
  state: ReadingState
  assigned_at: Timestamp
  read_due_at: Timestamp
  read_at: Timestamp | null
  /** How many; without any the receipt is enough. */
  questions: number
  quiz_due_at: Timestamp | null
  passed_at: Timestamp | null
  attempts: number
  best_percent: number
  /** Its time is over: it holds one up until it is done. */
  blocking: boolean
}
export interface Question { text: string; options: string[]; answer: number; explanation: string }
export interface Quiz { pass_percent: number; questions: { text: string; options: string[] }[] }
/** The right answers are told once it is passed. */
export interface QuizMark { reading: Reading; percent: number; passed: boolean; wrong: number; solution: Question[] | null }
export interface ReadingPlan { audience: string[]; pass_percent: number; questions: Question[] }
export interface Coverage {
  n: number
  must_read: boolean
  total: number
  read: number
  done: number
  late: number
  done_bp: number
  people: (Reading & { person: Colleague | null })[]
}
export const myReading = () => get<{ items: Reading[]; open: number; blocking: boolean }>(at('my-reading'))
export const readReceipt = (id: Id) => send<Reading>('POST', at('my-reading', id, 'read'))
export const quiz = (id: Id) => get<Quiz>(at('my-reading', id, 'quiz'))
/** One option for each question, in their order. */
export const answerQuiz = (id: Id, answers: number[]) => send<QuizMark>('POST', at('my-reading', id, 'answers'), { answers })
export const coverage = (id: Id) => get<Coverage>(at('articles', id, 'coverage'))
export const readingPlan = (id: Id, n: number) => get<ReadingPlan>(at('articles', id, 'versions', n, 'reading'))
export const setReadingPlan = (id: Id, n: number, plan: ReadingPlan) => send<ReadingPlan>('PUT', at('articles', id, 'versions', n, 'reading'), plan)
