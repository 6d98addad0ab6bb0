// A file on its way in: chosen, tried without consequences, brought in.
import { ref, shallowRef } from 'vue'
import { asProblem } from '@/api/problem'
import { t } from '@/i18n'
import { useSending } from '@/lib/doing'
import { sentence } from '@/lib/tell'

export type ImportStep = 'file' | 'columns' | 'try' | 'result'

export function useImport<Report>() {
  const step = ref<ImportStep>('file')
  const file = ref<File | null>(null)
  const report = shallowRef<Report | null>(null)
  const { busy, refusal, refuse, forgive, send } = useSending()
  /** A refusal names its cell; one that brings a report is shown as a try is. */
  const run = (work: () => Promise<unknown>) => send(work, (error) => {
    const { extra } = asProblem(error)
    if (extra.report) {
      report.value = extra.report as Report
      step.value = 'try'
    }
    refuse(sentence(error, extra.row ? t('work_orders.at_cell', { row: extra.row, column: extra.column ?? '' }) : ''))
    return true
  })
  function again(): void {
    file.value = report.value = null
    forgive()
    step.value = 'file'
  }
  return { step, file, report, busy, refusal, run, again }
}
