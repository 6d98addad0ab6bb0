// What agents may say, and how it comes into force: articles, changes, search, gaps, look-up tables, fault trees, reading.
import { api, type Filters, foundInOrder, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Colleague, Id, Page, Timestamp } from './types'

type S = components['schemas']
type With<T, U> = Omit<T, keyof U> & U

/** The schema has one name for the kinds of articles and of documents, and tells here the wrong ones. */
const known = <T>(asked: Promise<unknown>): Promise<T> => asked as Promise<T>

const path = (id: Id) => ({ params: { path: { id } } })

/** As on the wire, in the order of the life. */
export const APPROVAL_STATES = [
  'draft', 'submitted', 'returned', 'approved', 'pending_ratification', 'effective', 'paused', 'withdrawn', 'expired', 'superseded',
] as const
export type ApprovalState = (typeof APPROVAL_STATES)[number]
export const ARTICLE_KINDS = ['article', 'script'] as const
export type ArticleKind = (typeof ARTICLE_KINDS)[number]
export const APPROVAL_KINDS = ['article', 'fault_tree'] as const

export type Approval = With<Sent<S['ApprovalView']>, { state: ApprovalState }>
export type ApprovalLine = Sent<S['ApprovalLine']>
export type ApprovalDetail = Approval & { lines: ApprovalLine[] }

export type Content = Sent<S['ArticleContent']>
/** `uuid@n` is what an answer cites. */
export type Version = Content & { n: number; citation: string; author: Colleague | null; created_at: Timestamp; approval: Approval }
export type Article = With<Sent<S['ArticleView']>, { state: ApprovalState; kind: ArticleKind }>
export type ArticleDetail = Article & { in_force: Version | null; working: Version | null }
export interface NewArticle { kind: ArticleKind; matter: string; owner_section?: string; tags?: string[]; content: Content }
export interface ArticleChange { matter?: string; owner_section?: string; tags?: string[]; content?: Content }

export const articles = (filters: Filters) =>
  foundInOrder((query) => known<Page<Article>>(take(api.GET('/api/v1/articles', listing(query)))), filters)
export const article = (id: Id) => known<ArticleDetail>(take(api.GET('/api/v1/articles/{id}', path(id))))
export const newArticle = (body: NewArticle) => known<ArticleDetail>(take(api.POST('/api/v1/articles', { body: body as never })))
export const editArticle = (id: Id, version: number, change: ArticleChange) =>
  known<ArticleDetail>(take(api.PATCH('/api/v1/articles/{id}', { ...path(id), body: { version, ...change } as never })))
export const articleVersions = (id: Id) => take(api.GET('/api/v1/articles/{id}/versions', path(id))) as Promise<{ items: Version[] }>
export const articleVersion = (id: Id, n: number) => take(api.GET('/api/v1/articles/{id}/versions/{n}', { params: { path: { id, n } } })) as Promise<Version>

export const approvals = (filters: Filters) =>
  foundInOrder((query) => take(api.GET('/api/v1/approvals', listing(query))) as Promise<Page<Approval>>, filters)
export const approval = (id: Id) => take(api.GET('/api/v1/approvals/{id}', path(id))) as Promise<ApprovalDetail>
const APPROVAL_DOORS = {
  submit: '/api/v1/approvals/{id}/submit', recall: '/api/v1/approvals/{id}/recall', discard: '/api/v1/approvals/{id}/discard', emergency: '/api/v1/approvals/{id}/emergency',
  approve: '/api/v1/approvals/{id}/approve', return: '/api/v1/approvals/{id}/return', ratify: '/api/v1/approvals/{id}/ratify', refuse: '/api/v1/approvals/{id}/refuse',
  withdraw: '/api/v1/approvals/{id}/withdraw', review: '/api/v1/approvals/{id}/review',
} as const
export type ApprovalVerb = keyof typeof APPROVAL_DOORS
/** `version` is that of the change, not of what it changes. */
export const decide = (id: Id, version: number, verb: ApprovalVerb, said: Record<string, string> = {}) =>
  take(api.POST(APPROVAL_DOORS[verb], { ...path(id), body: { version, ...said } as never })) as Promise<ApprovalDetail>

/** In code points; those of the answer count in the excerpt. */
export type Mark = With<Sent<S['HitMark']>, { field: 'title' | 'question' | 'answer' | 'keywords' }>
export type Hit = With<Sent<S['ArticleHit']>, { marks: Mark[]; kind: ArticleKind }> & { effective_at?: Timestamp | null }
export const searchArticles = (filters: Filters) => known<{ items: Hit[]; took_us: number }>(take(api.GET('/api/v1/articles/search', listing(filters))))
export const suggestArticles = (text: string, matter: string | null, limit = 5) =>
  known<{ items: Hit[] }>(take(api.POST('/api/v1/articles/suggest', { body: { text, ...(matter ? { matter } : {}), limit } as never })))

export type Synonym = Sent<S['SynonymView']>
/** Each change answers the whole list. */
type Synonyms = { items: Synonym[] }
export const synonyms = () => take(api.GET('/api/v1/synonyms')) as Promise<Synonyms>
export const addSynonym = (words: string[]) => take(api.POST('/api/v1/synonyms', { body: { words } })) as Promise<Synonyms>
export const editSynonym = (one: Synonym, words: string[]) => take(api.PUT('/api/v1/synonyms/{id}', { ...path(one.id), body: { version: one.version, words } })) as Promise<Synonyms>
export const removeSynonym = (id: Id) => take(api.DELETE('/api/v1/synonyms/{id}', path(id))) as Promise<Synonyms>

export const GAP_STATES = ['open', 'drafted', 'closed'] as const
export type GapSource = 'call' | 'conversation' | 'search'
export type Gap = With<Sent<S['GapView']>, { state: (typeof GAP_STATES)[number] }>
export const gaps = (filters: Filters) => foundInOrder((query) => take(api.GET('/api/v1/knowledge-gaps', listing(query))) as Promise<Page<Gap>>, filters)
export const reportGap = (query: string, source: GapSource, sourceId: Id | null) =>
  take(api.POST('/api/v1/knowledge-gaps', { body: { query, source, ...(sourceId ? { source_id: sourceId } : {}) } as never })) as Promise<Gap>
export const draftGap = (gap: Gap, matter: string, kind: ArticleKind) =>
  known<{ gap: Gap; article: ArticleDetail }>(take(api.POST('/api/v1/knowledge-gaps/{id}/draft', { ...path(gap.id), body: { version: gap.version, matter, kind } as never })))
export const closeGap = (gap: Gap, reason: string) => take(api.POST('/api/v1/knowledge-gaps/{id}/close', { ...path(gap.id), body: { version: gap.version, reason } })) as Promise<Gap>

/** The tables of dates that the purchaser keeps; also their address. */
export const LOOKUPS = ['exam-plans', 'title-batches'] as const
export type LookupTable = (typeof LOOKUPS)[number]
/** Moments and texts by their names; which there are is known by the table (features/knowledge/lookup.ts). */
export type LookupFields = Record<string, string | null>
export type PublicLookup = With<Sent<S['PublicLookup']>, { fields: LookupFields }>
export type LookupRow = With<Sent<S['LookupView_ExamPlan']>, { fields: LookupFields }>
export type LookupEntry = Pick<LookupRow, 'year' | 'name' | 'active' | 'fields' | 'public' | 'version'>
export type LookupReport = Sent<S['LookupImport']>
const LOOKUP_DOORS = {
  'exam-plans': { list: '/api/v1/exam-plans', one: '/api/v1/exam-plans/{code}', past: '/api/v1/exam-plans/{code}/history', file: '/api/v1/exam-plans/import', open: '/api/v1/public/exam-plans' },
  'title-batches': { list: '/api/v1/title-batches', one: '/api/v1/title-batches/{code}', past: '/api/v1/title-batches/{code}/history', file: '/api/v1/title-batches/import', open: '/api/v1/public/title-batches' },
} as const
/** So many pages of a table are read: it is looked through as a whole. */
const PAGES = 5
/** All rows, or of a larger table the newest thousand. */
export async function lookups(table: LookupTable, filters: Filters = {}): Promise<LookupRow[]> {
  const items: LookupRow[] = []
  let cursor: string | undefined
  for (let n = 0; n < PAGES; n++) {
    const page = (await take(api.GET(LOOKUP_DOORS[table].list, listing({ ...filters, per_page: 200, cursor })))) as unknown as Page<LookupRow>
    items.push(...page.items)
    if (!page.next) break
    cursor = page.next
  }
  return items
}
/** Version 0 is a new row. */
export const saveLookup = (table: LookupTable, code: string, entry: LookupEntry) =>
  known<LookupRow>(take(api.PUT(LOOKUP_DOORS[table].one, { params: { path: { code } }, body: entry as never })))
/** The row as it was with each version, the newest first. */
export const lookupHistory = (table: LookupTable, code: string) =>
  known<{ items: LookupRow[] }>(take(api.GET(LOOKUP_DOORS[table].past, { params: { path: { code } } })))
/** The whole table as a file, which is also its template. */
export const lookupExport = (table: LookupTable): string => `/api/v1/${table}/export`
export function importLookup(table: LookupTable, file: File, dryRun: boolean): Promise<LookupReport> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST(LOOKUP_DOORS[table].file, { params: { query: { dry_run: dryRun } }, body: form as never, bodySerializer: (body: unknown) => body as FormData }))
}
/** For everybody on the net: only the public fields. */
export const publicLookups = (table: LookupTable) => known<Page<PublicLookup>>(take(api.GET(LOOKUP_DOORS[table].open, listing({ per_page: 200 }))))

export const OUTCOMES = ['solved', 'article', 'escalate'] as const satisfies readonly S['FaultOutcome'][]
export type OutcomeKind = (typeof OUTCOMES)[number]
/** A question with its answers, or without answers what a walk ends with. */
export type TreeNode = Sent<S['FaultNode']>
/** A walk begins at the first node. */
export type TreeContent = Sent<S['TreeContent']>
export type TreeVersion = TreeContent & { n: number; created_at: Timestamp; approval: Approval }
export type FaultTree = With<Sent<S['TreeView']>, { state: ApprovalState }>
export type FaultTreeDetail = FaultTree & { in_force: TreeVersion | null; working: TreeVersion | null }
export const faultTrees = (filters: Filters) =>
  foundInOrder((query) => take(api.GET('/api/v1/fault-trees', listing(query))) as Promise<Page<FaultTree>>, filters)
export const faultTree = (id: Id) => take(api.GET('/api/v1/fault-trees/{id}', path(id))) as Promise<FaultTreeDetail>
export const faultTreeVersions = (id: Id) => take(api.GET('/api/v1/fault-trees/{id}/versions', path(id))) as Promise<{ items: TreeVersion[] }>
export const newFaultTree = (matter: string, content: TreeContent) => take(api.POST('/api/v1/fault-trees', { body: { matter, content } })) as Promise<FaultTreeDetail>
export const editFaultTree = (id: Id, version: number, content: TreeContent) =>
  take(api.PATCH('/api/v1/fault-trees/{id}', { ...path(id), body: { version, content } })) as Promise<FaultTreeDetail>
export type WalkStep = Sent<S['FaultStep']>
export interface NewWalk { n: number; steps: WalkStep[]; broken_off: boolean; call_id?: Id; conversation_id?: Id; ticket_id?: Id }
/** `outcome` is null where it was broken off: then the text is the question that stayed open. */
export type Walk = With<Sent<S['WalkView']>, { outcome: OutcomeKind | null }>
export const recordWalk = (tree: Id, walk: NewWalk) => take(api.POST('/api/v1/fault-trees/{id}/walks', { ...path(tree), body: walk as never })) as Promise<Walk>
export const walks = (filters: Filters) => foundInOrder((query) => take(api.GET('/api/v1/fault-tree-walks', listing(query))) as Promise<Page<Walk>>, filters)

export const READING_STATES = ['to_read', 'to_answer', 'done', 'ended'] as const
export type ReadingState = (typeof READING_STATES)[number]
export type Reading = With<Sent<S['ReadingView']>, { state: ReadingState }>
export type Question = Sent<S['QuizQuestion']>
export type Quiz = Sent<S['QuizView']>
/** The right answers are told once it is passed. */
export type QuizMark = With<Sent<S['QuizMark']>, { reading: Reading; solution: Question[] | null }>
export type ReadingPlan = Sent<S['ReadingPlan']>
export type Coverage = With<Sent<S['ReadingCoverage']>, { people: (Reading & { person: Colleague | null })[] }>
export const myReading = () => take(api.GET('/api/v1/my-reading')) as Promise<{ items: Reading[]; open: number; blocking: boolean }>
export const readReceipt = (id: Id) => take(api.POST('/api/v1/my-reading/{id}/read', path(id))) as Promise<Reading>
export const quiz = (id: Id) => take(api.GET('/api/v1/my-reading/{id}/quiz', path(id))) as Promise<Quiz>
/** One option for each question, in their order. */
export const answerQuiz = (id: Id, answers: number[]) => take(api.POST('/api/v1/my-reading/{id}/answers', { ...path(id), body: { answers } })) as Promise<QuizMark>
export const coverage = (id: Id) => take(api.GET('/api/v1/articles/{id}/coverage', path(id))) as Promise<Coverage>
const plan = (id: Id, n: number) => ({ params: { path: { id, n } } })
export const readingPlan = (id: Id, n: number) => take(api.GET('/api/v1/articles/{id}/versions/{n}/reading', plan(id, n))) as Promise<ReadingPlan>
export const setReadingPlan = (id: Id, n: number, body: ReadingPlan) => take(api.PUT('/api/v1/articles/{id}/versions/{n}/reading', { ...plan(id, n), body })) as Promise<ReadingPlan>

/** Whether a model is connected; everything works without. */
export const assistState = () => take(api.GET('/api/v1/assist')) as Promise<{ enabled: boolean }>
/** Approved articles in the order that the model chose; `degraded` says why it is only the search's. */
export type AssistSuggestions = Sent<S['AssistSuggestions']>
export type AssistSuggestion = Sent<S['AssistSuggestion']>
export const assistSuggestions = (text: string, matter: string | null) =>
  known<AssistSuggestions>(take(api.POST('/api/v1/assist/suggestions', { body: { text, ...(matter ? { matter } : {}) } as never })))
export type AssistMessage = S['AssistMessage']
/** A proposal: a person confirms it. */
export type AssistSummary = Sent<S['AssistSummary']>
export const assistSummary = (messages: AssistMessage[]) => known<AssistSummary>(take(api.POST('/api/v1/assist/summaries', { body: { messages } })))
