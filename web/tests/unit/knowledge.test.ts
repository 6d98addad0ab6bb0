import { describe, expect, it } from 'vitest'
import type { Approval, ApprovalState, ArticleDetail, Hit, LookupRow, ReadingState, TreeContent } from '@/api/knowledge'
import { type May, approvalTimed, approvalTone, editing, standing, verbsOf } from '@/features/knowledge/approval'
import { contentOf, diffOf, draftOf, lastDay, textsOf } from '@/features/knowledge/article'
import { diffField, diffText } from '@/features/knowledge/diff'
import { changesOf, ends, entryOf, fieldWord, formOf, nowOf, reversed, sorted, TABLES, windowState } from '@/features/knowledge/lookup'
import { citationOf, pieces, wholeAnswer } from '@/features/knowledge/marks'
import { instantOf, wallTime } from '@/features/knowledge/moment'
import { questionFault, readingTimed, withoutOption } from '@/features/knowledge/reading'
import { blankNode, cleaned, faultsOf, freeId, treeText, walk } from '@/features/knowledge/tree'
import { wordsOf } from '@/features/knowledge/words'
import { pageOf } from '@/features/notices/subject'
import { dueOf } from '@/features/tickets/due'
import { interpret } from '@/features/tickets/wrap-up-keys'

const text = (lines: ReturnType<typeof diffText>, op: 'insert' | 'delete') =>
  lines.filter((line) => line.op === 'equal' || line.op === op).map((line) => line.segments.map((one) => one.text).join('')).join('\n')

describe('a diff', () => {
  it('gives back both texts, whatever they are', () => {
    const texts = ['', '一行', '第一行\n第二行\n第三行', '第一行\n第二行改了\n第三行\n又一行', '完全\n不同', '同\n同\n同', '😀 退费\n\n尾', '尾\n\n😀 退款']
    for (const a of texts) {
      for (const b of texts) {
        const lines = diffText(a, b)
        expect(text(lines, 'delete')).toBe(a)
        expect(text(lines, 'insert')).toBe(b)
      }
    }
  })
  it('marks only the characters that change inside a line', () => {
    const lines = diffText('系统在 15 个工作日内原路退回', '系统在 7 个工作日内原路退回')
    expect(lines.map((line) => line.op)).toEqual(['delete', 'insert'])
    expect(lines[0]!.segments.filter((one) => one.op === 'delete').map((one) => one.text)).toEqual(['15'])
    expect(lines[1]!.segments.filter((one) => one.op === 'insert').map((one) => one.text)).toEqual(['7'])
  })
  it('shows lines with little in common whole, and never cuts a character in two', () => {
    expect(diffText('甲乙丙丁戊己', '子丑寅卯辰己')[0]!.segments).toEqual([{ op: 'delete', text: '甲乙丙丁戊己' }])
    expect(diffText('好😀好', '好😁好').flatMap((line) => line.segments.map((one) => one.text))).toEqual(['好', '😀', '好', '好', '😁', '好'])
  })
  it('reads a date whole, and knows that nothing changed', () => {
    expect(diffField('valid_to', '2026-11-30', '2026-12-30', true).lines.map((line) => line.segments)).toEqual([[{ op: 'delete', text: '2026-11-30' }], [{ op: 'insert', text: '2026-12-30' }]])
    expect(diffField('title', '同', '同')).toMatchObject({ changed: false })
  })
  it('stays quick on long texts', () => {
    const long = Array.from({ length: 400 }, (_, i) => `第 ${i} 行`).join('\n')
    const since = performance.now()
    diffText(long, long.replace(/行/g, '条'))
    expect(performance.now() - since).toBeLessThan(1_000)
  })
})

describe('marks of a search', () => {
  it('count in code points and may overlap', () => {
    expect(pieces('😀退费啊', [{ field: 'title', start: 1, end: 3 }, { field: 'title', start: 2, end: 3 }, { field: 'answer', start: 0, end: 1 }], 'title'))
      .toEqual([{ text: '😀', marked: false }, { text: '退费', marked: true }, { text: '啊', marked: false }])
    expect(pieces('短', [{ field: 'title', start: 0, end: 99 }], 'title')).toEqual([{ text: '短', marked: true }])
    expect(pieces('', [], 'title')).toEqual([])
  })
  it('move from the excerpt into the whole answer', () => {
    const hit = { answer: '前面😀很长。请退费。后面', answer_excerpt: '…请退费。…', marks: [{ field: 'answer', start: 2, end: 4 }] } as unknown as Hit
    const whole = wholeAnswer(hit)
    expect(pieces(whole.text, whole.marks, 'answer').filter((piece) => piece.marked)).toEqual([{ text: '退费', marked: true }])
    expect(wholeAnswer({ answer_excerpt: '退费', marks: hit.marks }).text).toBe('退费')
    expect(wholeAnswer({ ...hit, answer: '别的' })).toEqual({ text: '别的', marks: [] })
  })
  it('a citation is an article and a version', () => {
    expect(citationOf('01900000-0000-7000-8000-000000000001@7')).toEqual({ article: '01900000-0000-7000-8000-000000000001', n: 7 })
    for (const wrong of ['', '01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000001@0', 'ZS0001@2']) expect(citationOf(wrong)).toBeNull()
  })
})

describe('a change', () => {
  const change = (state: ApprovalState, author = 'a') => ({ state, author: { id: author, name: '', staff_no: null } }) as Approval
  const nobody: May = { write: false, own: false, emergency: false, decide: false, me: 'me' }
  const agent: May = { ...nobody, write: true, own: true, me: 'a' }
  const lead: May = { ...nobody, write: true, emergency: true }
  const purchaser: May = { ...nobody, write: true, decide: true }
  it('is decided by the purchaser alone', () => {
    for (const state of ['draft', 'submitted', 'returned', 'approved', 'pending_ratification', 'effective', 'paused', 'withdrawn', 'expired', 'superseded'] as const) {
      for (const may of [agent, lead]) {
        expect(verbsOf(change(state), may).filter((verb) => ['approve', 'return', 'ratify', 'refuse', 'withdraw', 'review'].includes(verb))).toEqual([])
      }
      expect(verbsOf(change(state), nobody)).toEqual([])
    }
    expect(verbsOf(change('submitted'), purchaser)).toEqual(['approve', 'return'])
    expect(verbsOf(change('pending_ratification'), purchaser)).toEqual(['ratify', 'refuse'])
    expect(verbsOf(change('returned'), purchaser)).toEqual([])
    expect(verbsOf(change('effective'), purchaser)).toEqual(['review', 'withdraw'])
    for (const state of ['withdrawn', 'expired', 'superseded'] as const) expect(verbsOf(change(state), purchaser)).toEqual([])
  })
  it('is an agent’s while it is his, and in an emergency the lead’s', () => {
    expect(verbsOf(change('draft'), agent)).toEqual(['submit', 'discard'])
    expect(verbsOf(change('draft', 'b'), agent)).toEqual([])
    expect(verbsOf(change('submitted'), agent)).toEqual(['recall'])
    expect(verbsOf(change('draft'), lead)).toContain('emergency')
    expect(verbsOf(change('submitted'), lead)).toEqual(['recall', 'emergency'])
    expect(verbsOf(change('returned'), lead)).not.toContain('emergency')
  })
  it('is edited as a draft, revised where it holds, left alone under approval', () => {
    expect(editing(change('draft'), agent)).toBe('edit')
    expect(editing(change('returned', 'b'), agent)).toBeNull()
    expect(editing(change('submitted'), lead)).toBeNull()
    expect(editing(change('approved'), lead)).toBeNull()
    expect(editing(null, agent)).toBe('revise')
    expect(editing(change('withdrawn'), lead)).toBe('revise')
    expect(editing(null, nobody)).toBeNull()
  })
  it('that is over leaves what holds as it stands', () => {
    const detail = (state: ApprovalState, holds: ApprovalState | null = 'effective') => ({ state, in_force: holds && { approval: change(holds) }, working: { approval: change(state) } })
    expect(standing(detail('withdrawn'))).toMatchObject({ state: 'effective', working: null })
    expect(standing(detail('expired', 'pending_ratification'))).toMatchObject({ state: 'pending_ratification', working: null })
    for (const state of ['draft', 'submitted', 'returned', 'approved'] as const) expect(standing(detail(state)).working).not.toBeNull()
    expect(standing(detail('withdrawn', null))).toMatchObject({ state: 'withdrawn', working: { approval: { state: 'withdrawn' } } })
  })
  it('presses only while the purchaser owes something', () => {
    const at = (state: ApprovalState) => dueOf(approvalTimed({ state, due_at: '2026-11-26T01:00:00Z', submitted_at: '2026-11-25T01:00:00Z' }), Date.parse('2026-11-26T02:00:00Z')).level
    expect([at('submitted'), at('pending_ratification'), at('effective'), at('draft')]).toEqual(['over', 'over', 'none', 'none'])
    expect(approvalTone('effective')).toBe('green')
  })
})

describe('the form of an article', () => {
  const filled = { ...draftOf(null), matter: '106', title: ' 退费 ', question: '能退吗', answer: '不退\n', source_title: '通知', keywords: ['退费', ' 退费', ''] }
  it('sends the whole content, the last day included, each word once', () => {
    expect(contentOf({ ...filled, valid_from: '2026-11-26', valid_to: '2026-12-31', review_due: '2027-01-10' })).toEqual({
      title: '退费', question: '能退吗', answer: '不退', public_answer: null, keywords: ['退费'], source_no: '', source_title: '通知',
      valid_from: '2026-11-25T16:00:00.000Z', valid_to: '2026-12-31T16:00:00.000Z', review_due: '2027-01-09T16:00:00.000Z',
    })
    expect(lastDay('2026-12-31T16:00:00Z')).toBe('2026-12-31')
  })
  it('names the first thing that is missing', () => {
    expect(contentOf(draftOf(null))).toBe('matter')
    expect(contentOf({ ...filled, answer: ' \n' })).toBe('answer')
    expect(contentOf({ ...filled, source_title: '' })).toBe('source_title')
  })
  it('reads what is written last, without the words that stand for nothing', () => {
    const version = { ...(contentOf(filled) as object), valid_to: '2026-12-31T16:00:00Z', n: 2 }
    const detail = { kind: 'article', matter: '106', owner_section: null, in_force: { ...version, answer: '旧' }, working: { ...version, source_title: '（待起草）' } } as unknown as ArticleDetail
    expect(draftOf(detail)).toMatchObject({ kind: 'article', answer: '不退', source_title: '', valid_to: '2026-12-31', owner_section: '' })
  })
  it('is compared field by field', () => {
    const before = textsOf(contentOf(filled) as never)
    const after = textsOf({ ...filled, answer: '可以退', valid_to: '2026-12-31' })
    expect(diffOf(before, after).filter((field) => field.changed).map((field) => field.field)).toEqual(['answer', 'valid_to'])
    expect(diffOf(before, textsOf(filled)).some((field) => field.changed)).toBe(false)
    expect(diffOf(textsOf(null), before).filter((field) => field.changed).map((field) => field.field)).toEqual(['title', 'question', 'answer', 'keywords', 'source_title'])
  })
})

describe('a table of dates', () => {
  const fields = { registration_from: '2026-11-20T01:00:00Z', registration_to: '2026-11-30T09:00:00Z', payment_to: '2026-12-01T09:00:00Z', exam_from: '2026-12-09T16:00:00Z', exam_to: '2026-12-11T16:00:00Z', score_at: '2027-01-01T16:00:00Z' }
  const row = { code: 'a', year: 2026, name: '甲', active: true, public: ['registration_from', 'registration_to'], fields, windows: [], version: 3, updated_at: '2026-11-01T00:00:00Z', updated_by: null } as LookupRow
  const of = (key: string) => TABLES['exam-plans'].windows.find((one) => one.key === key)!
  const state = (key: string, moment: string) => windowState(fields, of(key), Date.parse(moment))
  it('knows what is open, from the first moment to the last', () => {
    expect(state('registration', '2026-11-20T00:59:59Z')).toBe('ahead')
    expect(state('registration', '2026-11-20T01:00:00Z')).toBe('open')
    expect(state('registration', '2026-11-30T09:00:00Z')).toBe('open')
    expect(state('registration', '2026-11-30T09:00:01Z')).toBe('over')
    expect(state('print', '2026-11-30T09:00:00Z')).toBe('unknown')
    expect(windowState({ registration_from: '2026-11-20T01:00:00Z' }, of('registration'), Date.parse('2030-01-01T00:00:00Z'))).toBe('open')
  })
  it('a last moment is ahead until it is over, and what has no end has come', () => {
    expect([state('payment', '2026-11-25T00:00:00Z'), state('payment', '2026-12-02T00:00:00Z')]).toEqual(['ahead', 'over'])
    expect([state('score', '2027-01-01T15:59:59Z'), state('score', '2027-01-01T16:00:00Z')]).toEqual(['ahead', 'over'])
  })
  it('says days as days: what ends at midnight ends with the day before', () => {
    expect(ends(fields, of('exam'))).toEqual({ from: expect.stringMatching(/12-10$/), to: expect.stringMatching(/12-11$/) })
    expect(ends(fields, of('registration')).to).toMatch(/11-30 17:00$/)
  })
  it('says what is now, else what comes, else what was', () => {
    const now = (moment: string) => nowOf('exam-plans', fields, Date.parse(moment)).map((one) => `${one.key} ${one.state}`)
    expect(now('2026-11-25T00:00:00Z')).toEqual(['registration open'])
    expect(now('2026-12-02T00:00:00Z')).toEqual(['exam ahead'])
    expect(now('2028-12-25T00:00:00Z')).toEqual(['score done'])
    expect(nowOf('exam-plans', {}, 0)).toEqual([])
    const past = { ...row, code: 'b', fields: { registration_from: '2026-11-01T00:00:00Z', registration_to: '2026-11-02T00:00:00Z' } }
    expect(sorted('exam-plans', [past, row], Date.parse('2026-11-25T00:00:00Z')).map((one) => one.code)).toEqual(['a', 'b'])
  })
  it('is sent whole: moments or null, texts trimmed, and nothing internal made public', () => {
    const form = formOf('exam-plans', row)
    expect(form.fields).toMatchObject({ registration_from: fields.registration_from, print_from: null, note: '' })
    const entry = entryOf('exam-plans', { ...form, name: ' 甲 ', public: ['internal_note', 'note'], fields: { ...form.fields, note: ' 说明 ', score_at: '' } })
    expect(entry).toMatchObject({ version: 3, name: '甲', public: ['note'], fields: { note: '说明', score_at: null } })
    expect(Object.keys(entry)).not.toContain('code')
    expect(formOf('title-batches', null)).toMatchObject({ version: 0, active: true })
    expect(formOf('title-batches', null).public).not.toContain('internal_note')
  })
  it('never ends before it begins', () => {
    expect(reversed('exam-plans', { exam_from: '2026-11-26T00:00:00Z', exam_to: '2026-11-25T00:00:00Z' })).toBe('exam')
    expect(reversed('exam-plans', fields)).toBeNull()
  })
  it('tells what a version changed, by words', () => {
    const before = { ...row, year: 2025, fields: { ...fields, registration_to: '2026-11-28T09:00:00Z' } }
    expect(changesOf('exam-plans', row, before).map((one) => fieldWord('exam-plans', one.field))).toEqual(['年度', '报名结束'])
    expect(changesOf('exam-plans', row, row)).toEqual([])
    expect(changesOf('exam-plans', row, undefined).length).toBeGreaterThan(5)
  })
  it('keeps the wall clock of the service', () => {
    expect(wallTime('2026-11-26T01:30:00Z')).toBe('2026-11-26T09:30')
    expect(instantOf('2026-11-26T09:30')).toBe('2026-11-26T01:30:00.000Z')
    expect(instantOf(wallTime('2026-12-31T16:00:00.000Z'))).toBe('2026-12-31T16:00:00.000Z')
    expect([wallTime(null), instantOf(null), instantOf('')]).toEqual(['', '', ''])
  })
})

describe('a fault tree', () => {
  const question = (id: string, ...to: string[]) => ({ ...blankNode(id, 'question'), text: `问 ${id}`, answers: to.map((next, i) => ({ label: `答 ${i}`, to: next })) })
  const end = (id: string) => ({ ...blankNode(id, 'end'), text: `结 ${id}` })
  const tree: TreeContent = { title: '登录', symptom: '', nodes: [question('a', 'b', 'c'), question('b', 'c', 'd'), end('c'), end('d')] }
  const codes = (...nodes: TreeContent['nodes']) => faultsOf({ nodes }).map((fault) => fault.code)
  it('is sound when every way ends', () => expect(faultsOf(tree)).toEqual([]))
  it('names what stands in the way', () => {
    expect(codes()).toEqual(['tree_size'])
    expect(codes(question('a', 'c', 'x'), end('c'))).toEqual(['answer_dangling'])
    expect(codes(question('a', 'c', 'c'), end('c'), end('d'))).toEqual(['node_unreachable'])
    expect(codes(question('a', 'b', 'c'), question('b', 'a', 'c'), end('c'))).toEqual(['tree_in_a_circle'])
    expect(codes(question('a'))).toEqual(['answers'])
    expect(codes({ ...question('a', 'c', 'c'), answers: [{ label: '是', to: 'c' }, { label: ' 是 ', to: 'c' }] }, end('c'))).toEqual(['label_twice'])
    expect(codes({ ...end('a'), outcome: 'article' })).toEqual(['article_missing'])
    expect(codes(blankNode('a', 'question'))).toEqual(['text', 'label', 'answer_dangling', 'label', 'answer_dangling'])
  })
  it('is walked answer by answer, as far as the steps fit', () => {
    expect(walk(tree, []).at?.id).toBe('a')
    const there = walk(tree, [{ node: 'a', answer: 0 }, { node: 'b', answer: 1 }])
    expect(there.at?.id).toBe('d')
    expect(there.said).toEqual([{ question: '问 a', answer: '答 0' }, { question: '问 b', answer: '答 1' }])
    expect(walk(tree, [{ node: 'a', answer: 7 }]).at?.id).toBe('a')
    expect(walk(tree, [{ node: 'b', answer: 0 }]).said).toEqual([])
    expect(walk({ nodes: [] }, []).at).toBeNull()
  })
  it('is sent without what does not belong to a kind of node', () => {
    const [first, last] = cleaned({ ...tree, nodes: [{ ...question('a', 'c'), article_id: 'x' }, { ...end('c'), answers: [{ label: 'x', to: 'a' }], article_id: 'x' }] }).nodes
    expect([first!.article_id, last!.answers, last!.article_id]).toEqual([null, [], null])
    expect(freeId({ nodes: [blankNode('n1', 'question'), blankNode('n3', 'question')] })).toBe('n4')
  })
  it('is compared as text: each node with where its answers lead', () => {
    expect(treeText(tree).split('\n').slice(0, 3)).toEqual(['1. 问 a', '   · 答 0 → 2', '   · 答 1 → 3'])
    expect(treeText({ nodes: [{ ...end('c'), outcome: 'escalate' }] })).toBe('1. 结 c\n   升级')
  })
})

describe('reading', () => {
  it('presses by the step that is next', () => {
    const now = Date.parse('2026-11-26T05:00:00Z')
    const due = (state: ReadingState) => dueOf(readingTimed({ state, assigned_at: '2026-11-26T03:00:00Z', read_due_at: '2026-11-26T04:00:00Z', quiz_due_at: '2026-11-27T04:00:00Z' }), now).level
    expect([due('to_read'), due('to_answer'), due('done'), due('ended')]).toEqual(['over', 'calm', 'none', 'none'])
  })
  it('asks only whole questions', () => {
    const one = { text: '？', options: ['是', '否'], answer: 0, explanation: '' }
    expect(questionFault([one])).toBeNull()
    expect(questionFault([one, { ...one, text: ' ' }])).toEqual({ at: 1, code: 'text' })
    expect(questionFault([{ ...one, options: ['是', ' '] }])).toEqual({ at: 0, code: 'option' })
    expect(questionFault([{ ...one, options: ['是', '是 '] }])).toEqual({ at: 0, code: 'twice' })
  })
  it('keeps what is right when another option falls away', () => {
    const one = { text: '？', options: ['甲', '乙', '丙'], answer: 2, explanation: '' }
    expect(withoutOption(one, 0)).toMatchObject({ options: ['乙', '丙'], answer: 1 })
    expect(withoutOption({ ...one, answer: 0 }, 2)).toMatchObject({ options: ['甲', '乙'], answer: 0 })
    expect(withoutOption({ ...one, answer: 1 }, 1).answer).toBe(0)
  })
})

describe('a notice', () => {
  const router = { hasRoute: (name: unknown) => ['approval', 'article', 'record'].includes(String(name)) }
  it('leads to the change it is about, and to what must be read', () => {
    expect(pageOf({ subject_kind: 'knowledge', subject_id: 'x' }, router)).toEqual({ name: 'approval', params: { id: 'x' } })
    expect(pageOf({ subject_kind: 'reading', subject_id: 'x' }, router)).toEqual({ name: 'my_reading', query: { open: 'x' } })
    expect(pageOf({ subject_kind: 'contact_record', subject_id: 'x' }, router)).toEqual({ name: 'record', params: { id: 'x' } })
    expect(pageOf({ subject_kind: 'of_tomorrow', subject_id: 'x' }, router)).toBeNull()
  })
})

it('words stand in a row, each once', () => expect(wordsOf('准考证、打证, 打证  考试通行证')).toEqual(['准考证', '打证', '考试通行证']))
it('K looks for an answer to cite', () => {
  expect(interpret({ key: 'k', ctrl: false, alt: false, inField: false })).toEqual({ do: 'knowledge' })
  expect(interpret({ key: 'k', ctrl: true, alt: false, inField: false })).toBeNull()
})
