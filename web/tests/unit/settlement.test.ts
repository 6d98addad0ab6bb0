// Settlement's pure parts: the table of lines, what a round changed, billing months, who may do what, a reviewer's marks,
// and rows of attendance as somebody pastes them.
import { describe, expect, test } from 'vitest'
import { P } from '@/api/permissions'
import { actionsOf } from '@/features/settlement/actions'
import { changesOf, isShort, matrixOf } from '@/features/settlement/lines'
import { partsOf, rate, ruleWord, signed } from '@/features/settlement/money'
import { billingMonths } from '@/features/settlement/months'
import { accepted, markOf, objected, objectionsOf, reopened } from '@/features/settlement/review'
import { readRows } from '@/features/settlement/sheet'

const line = (month: number, seat: number, amount_fen: number, halves = 42, of_halves = 42) => ({ month, seat, amount_fen, halves, of_halves, from_day: `2026-0${month}-01`, until_day: `2026-0${month}-28`, short_days: [] })

describe('the table of lines', () => {
  const lines = [line(2, 1, 700_000), line(1, 2, 500_000, 28), line(1, 1, 800_000)]

  test('seats stand down, months across, and the sums of both are the sum of all', () => {
    const table = matrixOf(lines)
    expect(table.months.map((one) => [one.month, one.amount_fen])).toEqual([[1, 1_300_000], [2, 700_000]])
    expect(table.seats.map((one) => [one.seat, one.amount_fen])).toEqual([[1, 1_500_000], [2, 500_000]])
    expect(table.seats[1]!.cells[1]).toBeNull()
    expect(table.amount_fen).toBe(2_000_000)
    expect(lines.map(isShort)).toEqual([false, true, false])
  })

  test('what a round changed is named by line, also where one came or went', () => {
    const after = [line(2, 1, 700_000), line(1, 2, 480_000, 26), line(3, 1, 10)]
    expect(changesOf(lines, after).map((one) => [one.month, one.seat, one.delta_fen])).toEqual([[1, 1, -800_000], [1, 2, -20_000], [3, 1, 10]])
    expect(changesOf(lines, lines.toReversed())).toEqual([])
  })
})

describe('money in words', () => {
  test('the rule of a line is read back with yuan and days', () => {
    expect(partsOf('(833333×20+800000×21)/42')).toEqual({ parts: [{ price_fen: 833_333, halves: 20 }, { price_fen: 800_000, halves: 21 }], of_halves: 42 })
    expect(ruleWord('(833333×20+800000×21)/42')).toBe('(8,333.33 × 10 天 + 8,000.00 × 10.5 天) ÷ 21 天')
    expect(ruleWord('(833333×28)/42')).toBe('8,333.33 × 14 天 ÷ 21 天')
    expect(ruleWord('as agreed')).toBe('as agreed')
  })

  test('a difference has its sign, a rate no empty places', () => {
    expect([12_000, -3_550, 0].map(signed)).toEqual(['+120.00', '−35.50', '0.00'])
    expect([600, 4_980, 9_000].map(rate)).toEqual(['6%', '49.8%', '90%'])
  })
})

test('months of a contract of the 31st end where the month does, and do not slip', () => {
  const months = billingMonths('2025-12-31', 4)
  expect(months.map((one) => `${one.from} ${one.until}`)).toEqual(['2025-12-31 2026-01-30', '2026-01-31 2026-02-27', '2026-02-28 2026-03-30', '2026-03-31 2026-04-29'])
  expect(billingMonths('2026-03-31', 12).at(-1)).toEqual({ n: 12, from: '2027-02-28', until: '2027-03-30' })
})

describe('what may be done', () => {
  const as = (...rights: string[]) => (right: string): boolean => rights.includes(right)
  const one = { state: 'draft', sha256: null, total_fen: 100, paid_fen: 0, invoice: null } as const

  test('nobody checks what was not drawn, and who draws does not check', () => {
    expect(actionsOf(one, as(P.checkStatements))).toEqual([])
    expect(actionsOf({ ...one, sha256: 'a' }, as(P.checkStatements))).toEqual(['check'])
    expect(actionsOf({ ...one, sha256: 'a' }, as(P.prepareStatements))).toEqual(['draw'])
  })

  test('the purchaser reviews what was submitted, and pays what was handed in', () => {
    expect(actionsOf({ ...one, state: 'submitted' }, as(P.reviewStatements, P.payStatements))).toEqual(['begin'])
    expect(actionsOf({ ...one, state: 'under_review' }, as(P.reviewStatements))).toEqual(['confirm', 'confirm_partly', 'reject'])
    expect(actionsOf({ ...one, state: 'payment_due', invoice: 'issued' }, as(P.payStatements))).toEqual(['receive', 'pay', 'return_invoice'])
    expect(actionsOf({ ...one, state: 'payment_due', invoice: 'received', paid_fen: 50 }, as(P.payStatements))).toEqual(['pay'])
  })

  test('what comes to nothing is closed without an invoice', () => {
    expect(actionsOf({ ...one, state: 'confirmed' }, as(P.prepareStatements))).toEqual(['invoice'])
    expect(actionsOf({ ...one, state: 'confirmed', total_fen: -5 }, as(P.prepareStatements))).toEqual(['close'])
  })
})

describe('the marks of a reviewer', () => {
  const [first, second] = [line(1, 1, 5), line(1, 2, 5)]

  test('a line is accepted or objected to, never both', () => {
    let marks = accepted({ accepted: [], objected: [] }, [first, second])
    marks = objected(marks, { line: '1/2', said: '缺勤两天', amount: '' })
    expect([markOf(marks, first), markOf(marks, second)]).toEqual(['accepted', 'objected'])
    expect(markOf(accepted(marks, [second]), second)).toBe('accepted')
    expect(markOf(reopened(marks, '1/2'), second)).toBe('open')
    expect(objected(marks, { line: '1/2', said: '缺勤三天', amount: '' }).objected).toHaveLength(1)
  })

  test('objections are sent with their line, the whole with none, and no amount is guessed', () => {
    const drafts = [{ line: '1/2', said: ' 缺勤 ', amount: '7,619.05' }, { line: '', said: '缺出勤表', amount: '' }, { line: '1/1', said: ' ', amount: '' }]
    expect(objectionsOf(drafts)).toEqual([{ month: 1, seat: 2, said: '缺勤', amount_fen: 761_905 }, { said: '缺出勤表' }])
    expect(objectionsOf([{ line: '1/2', said: '缺勤', amount: '七千' }])).toBeNull()
  })
})

describe('pasted attendance', () => {
  test('rows are read with or without a head, and days without noughts', () => {
    const rows = readRows('日期\t座席\t人员\t出勤\t分钟\n2026/4/1\t1\t张敏\t到岗\t420\n2026-04-01,座席 2,李强,病假\n\n2026年4月2日\tZ3\t王芳\thalf_day\t210')
    expect(rows.map((row) => row.day)).toEqual([
      { day: '2026-04-01', seat: 1, person: '张敏', presence: 'present', minutes: 420 },
      { day: '2026-04-01', seat: 2, person: '李强', presence: 'sick_leave', minutes: 0 },
      { day: '2026-04-02', seat: 3, person: '王芳', presence: 'half_day', minutes: 210 },
    ])
  })

  test('each wrong row says what is wrong, and nobody stands twice', () => {
    const rows = readRows('2026-02-30\t1\t张敏\t到岗\n2026-04-01\t7\t张敏\t到岗\n2026-04-01\t1\t\t到岗\n2026-04-01\t1\t张敏\t在家\n2026-04-01\t1\t张敏\t到岗\t0\n2026-04-01\t1\t张敏\t到岗\n2026-04-01\t1\t张敏\t到岗\t420\n2026-04-01\t1\t张敏\t迟到早退\t400')
    expect(rows.map((row) => row.fault)).toEqual(['日期不对', '座席不对', '人员不对', '出勤不对', '在岗分钟不对', '在岗分钟不对', '', '同一人同一天重复'])
  })
})
