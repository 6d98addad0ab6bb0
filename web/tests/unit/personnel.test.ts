import { beforeEach, describe, expect, it, vi } from 'vitest'
import { COMPARED, DEMAND_KINDS, DEMAND_STATES, DIMENSIONS, EDUCATION_LEVELS, EVIDENCE_STATES, FEE_STATES, type Finding, ITEMS, MANDARIN_LEVELS, PERSONNEL_RULES, REPLACEMENT_CAUSES, REPLACEMENT_STATES, STAFF_STATES, STANDINGS, TRANSITION_KINDS, TRANSITION_STATES, WILLINGNESS } from '@/api/personnel'
import { Problem } from '@/api/problem'
import { draftOf, requirementOf, saysWord, subjectWord } from '@/features/personnel/rules'
import {
  blocks, comparedWord, daysUntil, fen, haveWord, lineNote, lineWord, missingWord, nearness, needWord, progress, REPLACEMENT_WAY, replacementGuards, requirementWord, staffGuards, todo, transitionGuards, yuan,
} from '@/features/personnel/words'
import { useLanguage } from '@/i18n'
import { sentence, words } from '@/lib/tell'
// @ts-expect-error a plain script without types
import { messages } from '../../scripts/check-i18n.mjs'

const finding = (item: Finding['item'], standing: Finding['standing'], more: Partial<Finding> = {}): Finding => ({ item, standing, mandatory: true, have: null, need: null, have_level: null, need_level: null, until: null, ...more })
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('document', { documentElement: {} })
beforeEach(() => useLanguage('zh-CN'))

describe('words of the personnel', () => {
  it('exist for every value on the wire', () => {
    const keys: Map<string, string> = messages('zh-CN')
    const asked = Object.entries({
      staff_states: STAFF_STATES, qualification_items: ITEMS, item_standings: STANDINGS, education_levels: EDUCATION_LEVELS, mandarin_levels: MANDARIN_LEVELS, evidence_states: EVIDENCE_STATES, scorecard: DIMENSIONS,
      replacement_states: REPLACEMENT_STATES, replacement_causes: REPLACEMENT_CAUSES, compared: COMPARED, demand_kinds: DEMAND_KINDS, demand_states: DEMAND_STATES, transition_states: TRANSITION_STATES, willingness: WILLINGNESS,
      transition_kinds: TRANSITION_KINDS, fee_states: FEE_STATES, personnel_rule_kinds: PERSONNEL_RULES, personnel_rule_sentences: PERSONNEL_RULES, personnel_rule_hints: PERSONNEL_RULES,
      staff_actions: ['begin_training', 'pass', 'take_post', 'leave_post', 'suspend', 'resume', 'leave', 'return', 'waive'], staff_action_hints: ['begin_training', 'pass', 'take_post', 'leave_post', 'suspend', 'resume', 'leave', 'return', 'waive'],
      replacement_steps: ['serve', 'propose', 'train', 'pass_exam', 'hand_over', 'take_post', 'close', 'withdraw', 'accept', 'reject'], replacement_hints: ['serve', 'propose', 'train', 'pass_exam', 'hand_over', 'take_post', 'close', 'withdraw', 'accept', 'reject'],
      demand_steps: ['submit_plan', 'start', 'accept_plan', 'return_plan', 'verify', 'withdraw'], demand_hints: ['submit_plan', 'start', 'accept_plan', 'return_plan', 'verify', 'withdraw'],
      transition_steps: ['take_posts', 'begin_parallel', 'complete', 'exempt', 'sign_off'], transition_hints: ['take_posts', 'begin_parallel', 'complete', 'exempt', 'sign_off'],
    }).flatMap(([list, values]) => values.map((value) => `${list}.${value}`))
    expect(asked.filter((key) => !keys.has(key))).toEqual([])
  })

  it('say what is asked and what there is, each in its own measure', () => {
    const typing = finding('typing', 'below', { have: 496, need: 500 })
    expect([needWord(typing), haveWord(typing)]).toEqual(['不少于 50.0 字/分钟', '49.6 字/分钟'])
    const age = finding('age', 'ok', { have: 40, need: 40 })
    expect([needWord(age), haveWord(age)]).toEqual(['不超过 40 岁', '40 岁'])
    const school = finding('education', 'ok', { have_level: 'bachelor', need_level: 'secondary' })
    expect([needWord(school), haveWord(school)]).toEqual(['不低于中专（高中、技校）', '本科'])
    expect(haveWord(finding('interview', 'ok', { have: 43 }))).toBe('4.3 分（5 分制）')
    expect(haveWord(finding('experience', 'missing', { have: 0, need: 12 }))).toBe('')
    expect(needWord(finding('employer', 'missing', { need_level: '甲公司' }))).toBe('须为 甲公司')
    expect(needWord(finding('health', 'missing'))).toBe('')
  })

  it('say what is to be done, and by whom', () => {
    const waits = [{ item: 'health', state: 'pending' }]
    expect(todo(finding('health', 'ok'), waits)).toBe('')
    expect(todo(finding('health', 'expired'), waits)).toBe('材料已添加，请他人核验。')
    expect(todo(finding('health', 'expired'), [])).toBe('更新材料，由他人核验。')
    expect(todo(finding('nda', 'below', { need_level: '2026-2' }), [])).toBe('签署 2026-2 版并核验。')
    expect(todo(finding('pre_job', 'missing'), [])).toBe('由采购人认定考核通过。')
    expect(todo(finding('education', 'waived', { until: '2026-12-31' }), [])).toBe('豁免至 2026-12-31，请在此前补齐。')
  })

  it('know what keeps somebody off, and what runs out', () => {
    expect([blocks(finding('age', 'below')), blocks(finding('age', 'waived')), blocks({ ...finding('attitude', 'missing'), mandatory: false })]).toEqual([true, false, false])
    expect(missingWord([finding('health', 'expired'), finding('nda', 'missing')])).toBe('健康证明（过期）、保密协议（缺失）')
    expect(daysUntil('2026-12-01', '2026-11-26')).toBe(5)
    expect(['2026-11-25', '2026-12-03', '2026-12-26', '2027-01-25', '2027-02-01', null].map((day) => nearness(day, '2026-11-26'))).toEqual(['over', 'week', 'month', 'soon', '', ''])
  })

  it('read a requirement as a sentence', () => {
    expect(requirementWord({ item: 'age', mandatory: true, most: 40 })).toBe('不超过 40 岁')
    expect(requirementWord({ item: 'age', mandatory: true, most: 40, exclusive: true })).toBe('不满 40 岁')
    expect(requirementWord({ item: 'typing', mandatory: true, least: 50, least_seconds: 180 })).toBe('不少于 50.0 字/分钟、测试不短于 3 分钟')
    expect(requirementWord({ item: 'interview', mandatory: true, least: 30 })).toBe('不少于 3.0 分（5 分制）')
    expect(requirementWord({ item: 'health', mandatory: true, valid_months: 12 })).toBe('12 个月内有效')
    expect(requirementWord({ item: 'clean_record', mandatory: true })).toBe('须有')
  })

  it('leave no code in a time line', () => {
    expect(lineNote({ action: 'evidence_rejected', note: 'health 看不清' })).toBe('健康证明 看不清')
    expect(lineNote({ action: 'waived', note: 'education 2026-12-31 过渡' })).toBe('学历 2026-12-31 过渡')
    expect(lineNote({ action: 'seated', note: 'Z1 林晓雨 willing' })).toBe('Z1 林晓雨 愿意')
    expect(lineNote({ action: 'left_post', note: '调整' })).toBe('调整')
    expect([lineWord('staff', 'created'), lineWord('demand', 'withdrawn'), lineWord('replacement', 'withdrawn')]).toEqual(['建立档案', '撤回', '撤销'])
  })

  it('compare two people in words', () => {
    expect([comparedWord({ item: 'education' }, 'associate'), comparedWord({ item: 'experience' }, '40'), comparedWord({ item: 'quality' }, null)]).toEqual(['大专', '40 个月', '未知'])
  })

  it('read yuan as fen, and nothing that is no amount', () => {
    expect([fen('12,345.6'), fen('300'), fen('1.234'), fen('-3'), fen('abc')]).toEqual([1_234_560, 30_000, null, null, null])
    expect(yuan(1_234_560)).toBe('12,345.60')
  })
})

describe('what stands in the way is told before it is tried', () => {
  it('of a post', () => {
    const file = { passed: false, other_project: '另一条热线', missing: [finding('health', 'expired')], findings: [] }
    expect(staffGuards(file).take_post).toBe('未通过采购人岗前培训。缺少：健康证明（过期）。兼任其他项目（另一条热线），非专职')
    // With the transition's exemption nobody asks for the certificate.
    expect(staffGuards({ passed: false, other_project: null, missing: [], findings: [finding('pre_job', 'waived')] })).toEqual({})
  })

  it('of a replacement: the notice, the certificate, the tickets, the standing', () => {
    const one = { sudden: false, last_day: '2026-12-01', latest_notice: '2026-11-24', earliest_last_day: '2026-12-03', candidate_missing: [finding('pre_job', 'missing')], open_tickets: [{ id: '1' }] as never, equivalent: false, equivalence: [{ item: 'experience' as const, departing: '40', candidate: '12', holds: false }] }
    const guards = replacementGuards(one)
    expect(guards.serve).toContain('2026-12-03')
    expect(guards.pass_exam).toBe('采购人尚未认定候选人考核通过')
    expect(guards.take_post).toBe('还有 1 件工单无人接手。候选人缺少：岗前培训合格证（缺失）')
    expect(guards.accept).toBe('低于离岗人员：热线经验；同意须写明理由')
    expect(replacementGuards({ ...one, sudden: true }).serve).toBeUndefined()
    expect(replacementGuards({ ...one, last_day: '2026-12-03' }).serve).toBeUndefined()
  })

  it('of a transition: everybody at work, everybody signed, everything handed over', () => {
    const post = (id: string, more: object = {}) => ({ post_id: id, staff_id: id, name: `人${id}`, willing: 'willing', note: null, resigned_on: '2026-11-20', nda: true, active: true, transferred: true, missing: [], waived: [], ...more })
    expect(transitionGuards({ posts: [post('Z1'), post('Z2')], items: [] })).toEqual({})
    const guards = transitionGuards({ posts: [post('Z1', { active: false, missing: [finding('nda', 'missing')] }), post('Z2', { resigned_on: null })], items: [{ done_on: null }] as never })
    expect(guards.take_posts).toBe('人Z1：保密协议（缺失）')
    expect(guards.sign_off).toBe('岗位 Z1 还没有可接听的人员')
    expect(guards.complete).toBe('岗位 Z2 尚未转签。还有 1 项未交接')
    expect(transitionGuards({ posts: [post('Z1', { staff_id: null, active: false })], items: [] }).exempt).toBe('名单上还没有人')
  })

  it('shows how far a replacement is', () => {
    expect(progress('training').filter((step) => step.place === 'done')).toHaveLength(REPLACEMENT_WAY.indexOf('training'))
    expect(progress('rejected_by_purchaser').find((step) => step.place === 'now')?.state).toBe('notice_served')
    expect(progress('closed').every((step) => step.place === 'done')).toBe(true)
    expect(progress('withdrawn').every((step) => step.place === 'ahead')).toBe(true)
  })
})

describe('a refusal of the gate', () => {
  const refusal = new Problem(409, { code: 'not_on_post', state: 'training', missing: [finding('pre_job', 'missing')], help: ['hr_compliance', 'purchaser_admin'], detail: 'staff file of 甲 is `training`' })
  it('names the state, what is missing and who helps, in words', () => {
    expect(words(refusal)).toBe('您不在岗（现为：培训中），不能接听。缺少：岗前培训合格证（缺失）')
    expect(sentence(refusal)).toMatch(/请联系人事.*、采购人.*。$/)
  })
  it('holds nothing of the wire, in neither language', async () => {
    await useLanguage('en')
    expect(words(refusal)).toBe('You are on no post (now: In training): you may not take calls. Missing: Pre-job certificate (Missing)')
    expect(sentence(new Problem(409, { code: 'qualification_lapsed', state: 'on_post', missing: [finding('health', 'expired')], help: ['hr_compliance'] }))).not.toMatch(/hr_compliance|\{/)
  })
})

describe('a rule of the personnel', () => {
  it('is changed in the measures people read and kept in those of the server', () => {
    const interview = { item: 'interview' as const, mandatory: true, least: 35 }
    expect(draftOf(interview).least).toBe(3.5)
    expect(requirementOf('interview', draftOf(interview))).toEqual(interview)
    const typing = { item: 'typing' as const, mandatory: true, least: 50, least_seconds: 180 }
    expect(requirementOf('typing', draftOf(typing))).toEqual(typing)
    expect(requirementOf('age', { ...draftOf({ item: 'age', mandatory: true, most: 40 }), exclusive: true, level: 'bachelor' })).toEqual({ item: 'age', mandatory: true, most: 40, exclusive: true })
  })
  it('reads as what it is about and what it says', () => {
    expect([subjectWord('personnel_terms', { code: 'replacement.notice' }), saysWord('personnel_terms', { code: 'replacement.notice', working_days: 5 })]).toEqual(['离岗通知提前量', '5 个工作日'])
    expect(saysWord('work_gate', { file_required: true })).toBe('没有档案的人员也不能接听')
  })
})
