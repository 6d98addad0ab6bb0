import { describe, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import { useImport } from '@/features/work-orders/importing'

const refuse = (more: Record<string, unknown>) => () => Promise.reject(new Problem(422, { code: 'of_the_test', detail: 'No.', ...more }))

describe('a file on its way in', () => {
  it('shows the report of a refusal as a try', async () => {
    const { step, report, refusal, run } = useImport<{ rows: number }>()
    await run(refuse({ report: { rows: 3 } }))
    expect([step.value, report.value, refusal.value]).toEqual(['try', { rows: 3 }, 'No.'])
  })
  it('stays where it is refused without one, and names the cell', async () => {
    const { step, report, refusal, run } = useImport<{ rows: number }>()
    await run(refuse({ row: 7, column: 'C' }))
    expect([step.value, report.value]).toEqual(['file', null])
    expect(refusal.value).toBe('No. 位置：C7。')
  })
  it('begins again without the file, its report and its refusal', async () => {
    const { step, file, report, refusal, run, again } = useImport<{ rows: number }>()
    file.value = new File([], 'a.csv')
    await run(refuse({ report: { rows: 3 } }))
    again()
    expect([step.value, file.value, report.value, refusal.value]).toEqual(['file', null, null, ''])
  })
})
