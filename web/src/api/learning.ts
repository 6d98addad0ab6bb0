// What people learn and prove: courses, the question bank, exams, certificates, the typing test.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Colleague, Id, Page, Timestamp } from './types'

type S = components['schemas']
type With<T, U> = Omit<T, keyof U> & U

/** The schema has one name for questions here and in follow-ups, and tells here the wrong ones. */
const known = <T>(asked: Promise<unknown>): Promise<T> => asked as Promise<T>
const path = (id: Id) => ({ params: { path: { id } } })
const sent = (file: File) => {
  const form = new FormData()
  form.append('file', file, file.name)
  return { body: form as never, bodySerializer: (body: unknown) => body as FormData }
}
const queryOf = (filters: Filters): string => new URLSearchParams(listing(filters).params.query as Record<string, string>).toString()

export const ATTEMPT_STATES = ['assigned', 'in_progress', 'submitted', 'marked', 'passed', 'failed', 'certified', 'revoked', 'replacement', 'excused'] as const
export type AttemptState = (typeof ATTEMPT_STATES)[number]
export const PURPOSES = ['qualification', 'training'] as const
export type Purpose = (typeof PURPOSES)[number]
export const RELEASES = ['automatic', 'manual'] as const
export const QUESTION_KINDS = ['single', 'multiple', 'true_false', 'fill', 'short', 'call_simulation'] as const
export type QuestionKind = (typeof QUESTION_KINDS)[number]
export const DIFFICULTIES = ['easy', 'medium', 'hard'] as const
export type Difficulty = (typeof DIFFICULTIES)[number]
export const SESSION_STATES = ['planned', 'held', 'cancelled'] as const
export const ATTENDANCE_STATES = ['expected', 'attended', 'absent', 'excused'] as const
export type AttendanceState = (typeof ATTENDANCE_STATES)[number]
export const TYPING_STATES = ['prepared', 'running', 'passed', 'failed'] as const
export type TypingState = (typeof TYPING_STATES)[number]
export const CERTIFICATE_STATES = ['valid', 'revoked'] as const

/** Options as they were shown, yes or no, or words. */
export interface GivenAnswer { chosen: number[]; truth: boolean | null; texts: string[] }
export interface Asked { text: string; options: string[]; blanks: number; recording: boolean }
/** What a question says with what is right; options in the order of the bank. */
export interface QuestionContent {
  text: string
  options: string[]
  right: number[]
  truth: boolean | null
  blanks: string[][]
  model_answer: string
  explanation: string
  recording: Id | null
}

export type MyExam = With<Sent<S['MyExam']>, { state: AttemptState; purpose: Purpose }>
export interface MyQuestion extends Asked { no: number; kind: QuestionKind; points: number; answer: GivenAnswer | null; seq: number; awarded: number | null; solution: QuestionContent | null }
export type MyPaper = MyExam & { now: Timestamp; seconds_left: number | null; left_count: number; paper: MyQuestion[] }
export type AnswerReceipt = Sent<S['AnswerReceipt']>

export const myExams = () => known<{ items: MyExam[]; open: number; now: Timestamp }>(take(api.GET('/api/v1/my-exams')))
export const myExam = (id: Id) => known<MyPaper>(take(api.GET('/api/v1/my-exams/{id}', path(id))))
export const startExam = (id: Id) => known<MyPaper>(take(api.POST('/api/v1/my-exams/{id}/start', path(id))))
export const saveAnswer = (id: Id, no: number, seq: number, answer: GivenAnswer) =>
  known<AnswerReceipt>(take(api.PUT('/api/v1/my-exams/{id}/answers/{no}', { params: { path: { id, no } }, body: { seq, answer } as never })))
export const leftExam = (id: Id, seconds: number) => known<{ left_count: number; left_seconds: number }>(take(api.POST('/api/v1/my-exams/{id}/left', { ...path(id), body: { seconds } })))
export const handIn = (id: Id) => known<MyPaper>(take(api.POST('/api/v1/my-exams/{id}/hand-in', path(id))))
export const examRecording = (id: Id, no: number): string => `/api/v1/my-exams/${id}/recordings/${no}`

export type TypingTest = With<Sent<S['TypingTestView']>, { state: TypingState }>
export type MyTypingTest = TypingTest & { text: string; typed: string; seq: number; most_at_once: number; now: Timestamp; seconds_left: number | null }
export interface TypingEvent { at_ms: number; added: number; removed: number; pasted: boolean }
export type TypingReceipt = Sent<S['TypingReceipt']>
export type TypingEvidence = TypingTest & Omit<Sent<S['TypingEvidence']>, keyof TypingTest>
export const myTypingTests = () => known<{ items: TypingTest[] }>(take(api.GET('/api/v1/my-typing-tests')))
export const myTypingTest = (id: Id) => known<MyTypingTest>(take(api.GET('/api/v1/my-typing-tests/{id}', path(id))))
export const prepareTyping = () => known<MyTypingTest>(take(api.POST('/api/v1/my-typing-tests')))
export const startTyping = (id: Id) => known<MyTypingTest>(take(api.POST('/api/v1/my-typing-tests/{id}/start', path(id))))
export const sendTyping = (id: Id, seq: number, typed: string, events: TypingEvent[]) =>
  known<TypingReceipt>(take(api.PUT('/api/v1/my-typing-tests/{id}/progress', { ...path(id), body: { seq, typed, events } as never })))
export const typingTests = (filters: Filters) => known<Page<TypingTest>>(take(api.GET('/api/v1/typing-tests', listing(filters))))
export const typingEvidence = (id: Id) => known<TypingEvidence>(take(api.GET('/api/v1/typing-tests/{id}', path(id))))

export type Course = Sent<S['CourseView']>
export type Material = Sent<S['MaterialView']>
export type CourseDetail = Course & { materials: Material[] }
export interface CourseEntry { version?: number; title: string; matter: string | null; description: string; minutes: number; state?: string }
export const courses = (filters: Filters) => known<Page<Course>>(take(api.GET('/api/v1/courses', listing(filters))))
export const course = (id: Id) => known<CourseDetail>(take(api.GET('/api/v1/courses/{id}', path(id))))
export const newCourse = (body: CourseEntry) => known<CourseDetail>(take(api.POST('/api/v1/courses', { body: body as never })))
export const editCourse = (id: Id, body: CourseEntry) => known<CourseDetail>(take(api.PUT('/api/v1/courses/{id}', { ...path(id), body: body as never })))
export const addCourseFile = (id: Id, file: File) => known<Material>(take(api.POST('/api/v1/courses/{id}/files', { ...path(id), ...sent(file) })))
export const addCourseArticle = (id: Id, article: string) => known<Material>(take(api.POST('/api/v1/courses/{id}/articles', { ...path(id), body: { article } })))
export const removeMaterial = (id: Id, material: Id) => known<CourseDetail>(take(api.DELETE('/api/v1/courses/{id}/materials/{material}', { params: { path: { id, material } } })))
export const materialAddress = (id: Id, material: Id): string => `/api/v1/courses/${id}/materials/${material}`

export type TrainingSession = With<Sent<S['SessionView']>, { state: (typeof SESSION_STATES)[number]; teacher: Colleague | null }>
export interface Attendance { person: Colleague | null; user_id: Id; state: AttendanceState; minutes: number; result: string; percent: number | null }
export type SessionDetail = TrainingSession & { people: Attendance[] }
export interface SessionPlan { version?: number; starts_at: Timestamp; minutes: number; place: string; note: string; people: Id[] }
export interface AttendanceEntry { user_id: Id; state: AttendanceState; minutes: number | null; result: string; percent: number | null }
export const trainingSessions = (filters: Filters) => known<Page<TrainingSession>>(take(api.GET('/api/v1/training-sessions', listing(filters))))
export const trainingSession = (id: Id) => known<SessionDetail>(take(api.GET('/api/v1/training-sessions/{id}', path(id))))
export const planSession = (course: Id, body: SessionPlan) => known<SessionDetail>(take(api.POST('/api/v1/courses/{id}/sessions', { ...path(course), body: body as never })))
export const replanSession = (id: Id, body: SessionPlan) => known<SessionDetail>(take(api.PUT('/api/v1/training-sessions/{id}', { ...path(id), body: body as never })))
export const cancelSession = (id: Id, version: number, reason: string) => known<SessionDetail>(take(api.POST('/api/v1/training-sessions/{id}/cancel', { ...path(id), body: { version, reason } })))
export const recordAttendance = (id: Id, version: number, people: AttendanceEntry[], reason: string | null) =>
  known<SessionDetail>(take(api.PUT('/api/v1/training-sessions/{id}/attendance', { ...path(id), body: { version, people, reason } as never })))
export const trainingPeople = () => known<{ items: Colleague[] }>(take(api.GET('/api/v1/training-people')))
export interface LearntMonth { month: string; sessions: number; minutes: number }
export interface Learnt { person: Colleague | null; user_id: Id; months: LearntMonth[]; minutes: number; absent: number }
export const trainingHours = (filters: Filters) => known<{ people: Learnt[] }>(take(api.GET('/api/v1/training-hours', listing(filters))))
export const ledgerExport = (filters: Filters): string => `/api/v1/training-ledger/export?${queryOf(filters)}`

export type QuestionStats = Sent<S['QuestionStats']>
export type Question = With<Sent<S['QuestionView']>, { kind: QuestionKind; difficulty: Difficulty; stats: QuestionStats }>
export interface QuestionVersion { n: number; difficulty: Difficulty; content: QuestionContent; by: Colleague | null; at: Timestamp }
export type QuestionDetail = Question & { content: QuestionContent; versions: QuestionVersion[] }
export interface QuestionEntry { version?: number; kind: QuestionKind; matter: string; difficulty: Difficulty; content: QuestionContent; source: string | null }
export interface QuestionRemark { row: number | null; column: string | null; field: string; code: string; detail: string }
export interface QuestionImport { dry_run: boolean; rows: number; new: number; errors: QuestionRemark[]; errors_total: number }
export const questions = (filters: Filters) => known<Page<Question>>(take(api.GET('/api/v1/questions', listing(filters))))
export const question = (id: Id) => known<QuestionDetail>(take(api.GET('/api/v1/questions/{id}', path(id))))
export const newQuestion = (body: QuestionEntry) => known<QuestionDetail>(take(api.POST('/api/v1/questions', { body: body as never })))
export const editQuestion = (id: Id, body: QuestionEntry) => known<QuestionDetail>(take(api.PUT('/api/v1/questions/{id}', { ...path(id), body: body as never })))
export const setQuestionActive = (id: Id, version: number, active: boolean) => known<QuestionDetail>(take(api.PUT('/api/v1/questions/{id}/active', { ...path(id), body: { version, active } })))
export const importQuestions = (file: File, dryRun: boolean) => known<QuestionImport>(take(api.POST('/api/v1/questions/import', { params: { query: { dry_run: dryRun } }, ...sent(file) })))
/** Also the template. */
export const questionExport = (filters: Filters = {}): string => `/api/v1/questions/export?${queryOf(filters)}`

export interface PaperPart { kind: QuestionKind; matter: string | null; difficulty: Difficulty | null; many: number; points: number }
export interface Blueprint { parts: PaperPart[]; pass_percent: number | null; minutes: number; max_resits: number; resit_after_hours: number; resit_within_days: number }
export type Paper = Sent<S['PaperView']>
export type PaperDetail = Paper & { rules: Blueprint; questions: number; total: number; available: number[]; can_be_drawn: boolean }
export interface PaperEntry { version?: number; title: string; state?: string; rules: Blueprint }
export const papers = (filters: Filters) => known<Page<Paper>>(take(api.GET('/api/v1/papers', listing(filters))))
export const paper = (id: Id) => known<PaperDetail>(take(api.GET('/api/v1/papers/{id}', path(id))))
export const newPaper = (body: PaperEntry) => known<PaperDetail>(take(api.POST('/api/v1/papers', { body: body as never })))
export const editPaper = (id: Id, body: PaperEntry) => known<PaperDetail>(take(api.PUT('/api/v1/papers/{id}', { ...path(id), body: body as never })))

export type Exam = With<Sent<S['ExamView']>, { purpose: Purpose }>
export type Attempt = With<Sent<S['AttemptView']>, { state: AttemptState; person: Colleague | null }>
export type ExamDetail = Exam & { attempts: Attempt[]; passed: number; waiting: number; now: Timestamp }
export interface NewExam { title: string; purpose: Purpose; paper_id: Id; opens_at: Timestamp | null; closes_at: Timestamp; release: (typeof RELEASES)[number]; takers: Id[] }
export const exams = (filters: Filters) => known<Page<Exam>>(take(api.GET('/api/v1/exams', listing(filters))))
export const exam = (id: Id) => known<ExamDetail>(take(api.GET('/api/v1/exams/{id}', path(id))))
export const newExam = (body: NewExam) => known<ExamDetail>(take(api.POST('/api/v1/exams', { body: body as never })))
export const examTakers = (id: Id) => known<{ items: Colleague[] }>(take(api.GET('/api/v1/exams/{id}/takers', path(id))))
export const assignExam = (id: Id, takers: Id[]) => known<ExamDetail>(take(api.POST('/api/v1/exams/{id}/takers', { ...path(id), body: { takers } })))
export const releaseExam = (id: Id) => known<ExamDetail>(take(api.POST('/api/v1/exams/{id}/release', path(id))))

export interface MarkView { turn: number; marker: Colleague | null; points: number; note: string; at: Timestamp }
export interface AnsweredQuestion extends Asked {
  no: number
  kind: QuestionKind
  order: number[]
  answer: GivenAnswer | null
  saved_at: Timestamp | null
  most: number
  awarded: number | null
  marking: Marking
  marks: MarkView[]
  solution: QuestionContent
}
export interface ExamResult { n: number; points: number; total: number; passed: boolean; reason: string | null; by_name: string; at: Timestamp }
export type AttemptDetail = Attempt & { exam_id: Id; number: string; title: string; paper: AnsweredQuestion[]; results: ExamResult[] }
export const attempt = (id: Id) => known<AttemptDetail>(take(api.GET('/api/v1/exam-attempts/{id}', path(id))))
export const reschedule = (id: Id, body: { version: number; opens_at: Timestamp; closes_at: Timestamp; reason: string }) => known<AttemptDetail>(take(api.POST('/api/v1/exam-attempts/{id}/reschedule', { ...path(id), body })))
export const excuse = (id: Id, version: number, reason: string) => known<AttemptDetail>(take(api.POST('/api/v1/exam-attempts/{id}/excuse', { ...path(id), body: { version, reason } })))
export const correctResult = (id: Id, body: { version: number; no: number; points: number; reason: string }) => known<AttemptDetail>(take(api.POST('/api/v1/exam-attempts/{id}/correct', { ...path(id), body })))

export const MARKINGS = ['open', 'first', 'second', 'third', 'done'] as const
export type Marking = (typeof MARKINGS)[number]
export interface AnswerToMark { attempt_id: Id; exam: string; no: number; kind: QuestionKind; text: string; recording: boolean; model_answer: string; answer: GivenAnswer | null; most: number; turn: Marking; marks: number[] }
export const markingQueue = () => known<{ items: AnswerToMark[] }>(take(api.GET('/api/v1/exam-marking')))
export const markAnswer = (attempt: Id, no: number, points: number, note: string) =>
  known<{ turn: Marking; awarded: number | null }>(take(api.POST('/api/v1/exam-attempts/{id}/answers/{no}/marks', { params: { path: { id: attempt, no } }, body: { points, note } })))
export const markedRecording = (attempt: Id, no: number): string => `/api/v1/exam-attempts/${attempt}/recordings/${no}`

export type Certificate = With<Sent<S['CertificateView']>, { state: (typeof CERTIFICATE_STATES)[number]; person: Colleague | null; issued_by: Colleague | null; revoked_by: Colleague | null }>
export const certificates = (filters: Filters) => known<Page<Certificate>>(take(api.GET('/api/v1/certificates', listing(filters))))
export const issueCertificate = (attempt: Id, validUntil: string | null) => known<Certificate>(take(api.POST('/api/v1/certificates', { body: { attempt_id: attempt, valid_until: validUntil } as never })))
export const revokeCertificate = (id: Id, version: number, reason: string) => known<Certificate>(take(api.POST('/api/v1/certificates/{id}/revoke', { ...path(id), body: { version, reason } })))
