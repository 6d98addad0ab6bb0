import { describe, expect, it } from 'vitest'
import type { CaseNotice, Escalation, EscalationLevel, Incident, Instruction } from '@/api/types'
import { documentText, draftOf, LEADER } from '@/features/cases/document'
import { linkable } from '@/features/cases/link'
import { arrivals, caseTone, emergencySteps, escalationSteps, escalationTimed, firstLevel, incidentTimed, instructionSteps, instructionTimed, owedProof, rankOf } from '@/features/cases/states'
import { lineNote, lineWord, reasonWord } from '@/features/cases/words'
import { dueOf } from '@/features/tickets/due'

const LEVELS = [[1, 'shift_lead', 30], [2, 'ops_manager', 60], [3, 'purchaser_business', 240], [4, 'purchaser_admin', 450]]
  .map(([level, role, service_minutes]) => ({ level, role, service_minutes }) as EscalationLevel)
const escalation = (part: Partial<Escalation> = {}): Escalation =>
  ({ state: 'raised', open: true, level: 1, reminders: 0, due_at: '2026-11-25T06:30:00Z', raised_at: '2026-11-25T06:00:00Z', answered_at: null, raised_by: { id: 'a' }, reason: '超出权限', ...part }) as Escalation
const instruction = (part: Partial<Instruction> = {}): Instruction =>
  ({ kind: 'instruction_request', state: 'submitted', open: true, due_at: '2026-11-25T08:00:00Z', created_at: '2026-11-25T05:00:00Z', submitted_at: '2026-11-25T06:00:00Z', replied_at: null, ...part }) as Instruction

describe('an escalation', () => {
  const may = { answer: true, close: true }
  it('goes first to the level above one’s own, as on the server', () => {
    expect(firstLevel(LEVELS, ['agent'])?.level).toBe(1)
    expect(firstLevel(LEVELS, ['shift_lead'])?.level).toBe(2)
    expect(firstLevel(LEVELS, ['purchaser_admin'])?.level).toBe(4)
    expect(firstLevel([], ['agent'])).toBeUndefined()
    expect(rankOf(LEVELS, ['quality'])).toBe(0)
  })
  it('is answered by its level or one above, closed after its answer, taken up while somebody is above', () => {
    expect(escalationSteps(escalation(), LEVELS, 1, may)).toEqual(['answer', 'promote'])
    expect(escalationSteps(escalation({ level: 3 }), LEVELS, 1, may)).toEqual(['promote'])
    expect(escalationSteps(escalation({ state: 'answered' }), LEVELS, 1, may)).toEqual(['close', 'promote'])
    expect(escalationSteps(escalation({ level: 4 }), LEVELS, 4, { answer: true, close: false })).toEqual(['answer'])
    expect(escalationSteps(escalation({ level: 4, state: 'answered' }), LEVELS, 0, may)).toEqual(['close'])
    expect(escalationSteps(escalation({ state: 'closed' }), LEVELS, 4, may)).toEqual([])
  })
  it('says how much time is used only where it is known since when', () => {
    const now = Date.parse('2026-11-25T06:25:00Z')
    expect(dueOf(escalationTimed(escalation()), now).level).toBe('most')
    expect(dueOf(escalationTimed(escalation({ level: 2 })), now)).toMatchObject({ level: 'calm', used: 0 })
    expect(dueOf(escalationTimed(escalation({ state: 'answered', answered_at: '2026-11-25T06:24:00Z' })), now).level).toBe('calm')
    expect(dueOf(escalationTimed(escalation({ level: 2 })), Date.parse('2026-11-25T07:00:00Z')).level).toBe('over')
    expect(dueOf(escalationTimed(escalation({ open: false })), now).level).toBe('none')
  })
  it('tells its time line in words', () => {
    expect(lineWord('escalation', 'promoted')).toBe('上升一级')
    expect(lineWord('escalation', 'something_new')).toBe('something_new')
    expect(lineNote('escalation', { action: 'promoted', note: 'L2 silence' })).toBe('L2 到时无人答复')
    expect(lineNote('escalation', { action: 'promoted', note: 'L3 须业务科室核实' })).toBe('L3 须业务科室核实')
    expect(lineNote('escalation', { action: 'raised', note: 'L1 两行\n理由' })).toBe('L1 两行\n理由')
    expect(lineNote('escalation', { action: 'answered', note: null })).toBe('')
    expect(reasonWord(escalation({ raised_by: null, reason: 'overdue' }))).toBe('工单超过办理时限')
    expect(reasonWord(escalation({ reason: 'overdue' }))).toBe('overdue')
  })
})

describe('a request or a report', () => {
  const both = { write: true, reply: true }
  it('offers a reply to the one and a receipt to the other', () => {
    expect(instructionSteps(instruction(), both)).toEqual(['reply', 'return'])
    expect(instructionSteps(instruction({ kind: 'report' }), both)).toEqual(['receive', 'return'])
    expect(instructionSteps(instruction(), { write: true, reply: false })).toEqual([])
    expect(instructionSteps(instruction({ state: 'returned' }), both)).toEqual(['submit', 'edit'])
    expect(instructionSteps(instruction({ state: 'received', kind: 'report' }), both)).toEqual(['close'])
    expect(instructionSteps(instruction({ state: 'closed' }), both)).toEqual([])
  })
  it('is not still because it was replied to: its author owes the closing', () => {
    const replied = instruction({ state: 'replied', replied_at: '2026-11-25T06:00:00Z' })
    expect(dueOf(instructionTimed(replied), Date.parse('2026-11-25T09:00:00Z')).level).toBe('over')
  })
  it('is about one matter, and names what it lacks', () => {
    const draft = { ...draftOf(null), matter: '106', title: ' 关于退费的请示 ', body: '请批示。' }
    expect(documentText(draftOf(null), null)).toBe('matters')
    expect(documentText({ ...draft, title: ' ' }, null)).toBe('title')
    expect(documentText({ ...draft, body: '' }, null)).toBe('body')
    expect(documentText(draft, null)).toEqual({ matters: ['106'], title: '关于退费的请示', body: '请批示。' })
    expect(documentText({ ...draft, to: LEADER }, 't1')).toMatchObject({ to: 'leader', ticket_id: 't1' })
  })
  it('written again stays addressed as it was', () => {
    expect(draftOf({ kind: 'report', matter: '108', section: null, title: 'a', body: 'b' }).to).toBe(LEADER)
    expect(draftOf({ kind: 'report', matter: '108', section: 'exams', title: 'a', body: 'b' }).to).toBe('exams')
  })
})

describe('a mass incident', () => {
  it('takes what is a request and belongs to no other', () => {
    expect(linkable({ state: 'in_handling', incident_id: null })).toBe(true)
    expect(linkable({ state: 'closed', incident_id: null })).toBe(true)
    expect(linkable({ state: 'draft', incident_id: null })).toBe(false)
    expect(linkable({ state: 'in_handling', incident_id: 'g' })).toBe(false)
  })
  it('counts in its time line', () => {
    expect(lineNote('incident', { action: 'linked', note: '3' })).toBe('3 件工单')
    expect(lineNote('incident', { action: 'contacts_linked', note: '2' })).toBe('2 个来电')
    expect(lineNote('incident', { action: 'declared', note: '12333' })).toBe('12333')
  })
  it('shows its state', () => {
    expect(caseTone('incident', 'open')).toBe('amber')
    expect(caseTone('incident', 'closed')).toBe('')
    expect(incidentTimed({ state: 'open', open: true, due_at: null } as Incident).opened_at).toBeNull()
  })
})

describe('an emergency', () => {
  const told = (user: string, way: string, part: Partial<CaseNotice> = {}): CaseNotice =>
    ({ id: `${user} ${way}`, user_id: user, person: { id: user, name: user, staff_no: null }, reason: 'raised', way, made_at: '2026-11-26T00:30:00Z', sent_at: null, arrived_at: null, acknowledged_at: null, ...part })
  it('reached a person when it did by any way, report by report', () => {
    const at = '2026-11-26T00:31:00Z'
    const later = { reason: 'followed_up', made_at: '2026-11-26T01:00:00Z' }
    expect(arrivals([
      told('周敏', 'console', { arrived_at: at, acknowledged_at: at }), told('周敏', 'sms'), told('罗建平', 'console'), told('罗建平', 'sms'), told('冯惠芳', 'sms', { arrived_at: at }),
      told('罗建平', 'console', later), told('周敏', 'console', { reason: 'overdue' }),
    ])).toEqual([
      { reason: 'followed_up', at: later.made_at, told: 1, arrived: 0, acknowledged: 0, missing: ['罗建平'] },
      { reason: 'raised', at: '2026-11-26T00:30:00Z', told: 3, arrived: 2, acknowledged: 1, missing: ['罗建平'] },
    ])
  })
  it('asks a person for the proof that his own screen owes', () => {
    const at = '2026-11-26T00:31:00Z'
    const rows = [told('a', 'console', { arrived_at: at, acknowledged_at: at }), told('a', 'console', { reason: 'closed', arrived_at: at }), told('b', 'console'), told('c', 'sms')]
    expect(owedProof(rows, 'a')).toEqual({ shown: false, known: true })
    expect(owedProof(rows, 'b')).toEqual({ shown: true, known: true })
    expect(owedProof(rows, 'c')).toEqual({ shown: false, known: false })
  })
  it('is reported on until its final report, by an agent only where it is his', () => {
    const one = { open: true, reported_by: { id: 'a', name: '', staff_no: null } }
    expect(emergencySteps(one, 'own', 'a')).toEqual(['follow_up', 'close'])
    expect(emergencySteps(one, 'own', 'b')).toEqual([])
    expect(emergencySteps(one, 'all', 'b')).toEqual(['follow_up', 'close'])
    expect(emergencySteps(one, null, 'a')).toEqual([])
    expect(emergencySteps({ ...one, open: false }, 'all', 'a')).toEqual([])
  })
})
