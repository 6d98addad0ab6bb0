// Wages and insurances by month, quotations against their floor.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']

export const INSURANCES = ['pension', 'medical', 'injury', 'maternity', 'unemployment'] as const satisfies readonly S['InsuranceItem'][]
export const PAY_ITEMS = ['basic', 'post', 'performance', 'overtime_extended', 'overtime_rest_day', 'overtime_holiday', 'night', 'heat', 'meal', 'benefit', 'back_pay', 'other', 'own_insurance', 'own_fund', 'tax', 'deduction'] as const satisfies readonly S['PayItemKind'][]
/** Of the lines of a payslip those that are taken off. */
export const TAKEN_OFF: readonly string[] = ['own_insurance', 'own_fund', 'tax', 'deduction']
export const DUTIES = ['manager', 'substitute', 'support'] as const satisfies readonly S['Duty'][]
export const SHEETS = ['insurance', 'payroll', 'overtime'] as const
export const PROOFS = ['insurance', 'receipt', 'payslip'] as const

export type Insurance = (typeof INSURANCES)[number]
export type MonthSummary = Sent<S['WageMonthSummary']>
export type WageMonth = Sent<S['WageMonthView']>
export type WageRow = Sent<S['WageRow']>
export type PersonMonth = Sent<S['PersonMonthView']>
export type PayFinding = Sent<S['PayFinding']>
export type WageImport = Sent<S['WageImport']>
export type Quotation = Sent<S['QuotationView']>
export type QuotationDetail = Sent<S['QuotationDetail']>
export type Floor = Sent<S['QuotationFloor']>
export type PayrollPerson = Sent<S['PayrollPerson']>

const of = (month: string) => ({ params: { path: { month } } })
const person = (month: string, staff_id: Id) => ({ params: { path: { month, staff_id } } })

export const wageMonths = (from: string, to: string): Promise<{ items: MonthSummary[] }> => take(api.GET('/api/v1/wage-months', listing({ from, to })))
export const wageMonth = (month: string): Promise<WageMonth> => take(api.GET('/api/v1/wage-months/{month}', of(month)))
export const submitMonth = (month: string, version: number): Promise<WageMonth> => take(api.POST('/api/v1/wage-months/{month}/submit', { ...of(month), body: { version } }))
export const decideMonth = (month: string, version: number, action: S['WageVerdict'], note: string): Promise<WageMonth> =>
  take(api.POST('/api/v1/wage-months/{month}/decide', { ...of(month), body: { version, action, ...(note ? { note } : {}) } }))
export const personMonth = (month: string, id: Id): Promise<PersonMonth> => take(api.GET('/api/v1/wage-months/{month}/people/{staff_id}', person(month, id)))
export const revealPay = (month: string, id: Id, reason: string): Promise<PersonMonth> => take(api.POST('/api/v1/wage-months/{month}/people/{staff_id}/reveal', { ...person(month, id), body: { reason } }))
export interface Paid { base_fen: number; employer_fen: number; employee_fen: number; merged?: boolean; version?: number }
export const putInsurance = (month: string, staff_id: Id, item: Insurance, body: Paid): Promise<PersonMonth> =>
  take(api.PUT('/api/v1/wage-months/{month}/people/{staff_id}/insurances/{item}', { params: { path: { month, staff_id, item } }, body: body as never }))
export const putPayslip = (month: string, id: Id, body: S['NewPayslip']): Promise<PersonMonth> => take(api.PUT('/api/v1/wage-months/{month}/people/{staff_id}/payslip', { ...person(month, id), body }))
export function addProof(month: string, kind: string, people: Id[], file: File): Promise<unknown> {
  const form = new FormData()
  form.append('file', file, file.name)
  const query = { kind, ...(people.length ? { people: people.join(',') } : {}) }
  return take(api.POST('/api/v1/wage-months/{month}/files', { params: { path: { month }, query: query as never }, body: form as never, bodySerializer: (body: unknown) => body as FormData }))
}
export const proofAddress = (month: string, file: Id): string => `/api/v1/wage-months/${month}/files/${file}`
export const myProofAddress = (file: Id): string => `/api/v1/my-payslips/files/${file}`
export const sheetAddress = (kind: string): string => `/api/v1/wage-sheets/${kind}`
export function importWages(month: string, kind: string, file: File, dry_run: boolean): Promise<WageImport> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST('/api/v1/wage-months/{month}/import', { params: { path: { month }, query: { kind, dry_run } as never }, body: form as never, bodySerializer: (body: unknown) => body as FormData }))
}
export const payrollPeople = (): Promise<{ items: PayrollPerson[] }> => take(api.GET('/api/v1/payroll-people'))
export interface NewPayrollPerson { staff_id: Id; duty: (typeof DUTIES)[number]; from: string }
export const enrol = (body: NewPayrollPerson): Promise<{ items: PayrollPerson[] }> => take(api.POST('/api/v1/payroll-people', { body }))
export const endEnrolment = (id: Id, until: string): Promise<{ items: PayrollPerson[] }> => take(api.POST('/api/v1/payroll-people/{id}/end', { params: { path: { id } }, body: { until } }))
export const myPayslips = (): Promise<{ items: PersonMonth[] }> => take(api.GET('/api/v1/my-payslips'))

export const quotations = (filters: Filters): Promise<Page<Quotation>> => take(api.GET('/api/v1/quotations', listing(filters)))
export const quotation = (id: Id): Promise<QuotationDetail> => take(api.GET('/api/v1/quotations/{id}', { params: { path: { id } } }))
export interface NewQuotation { title: string; price_fen: number; from: string; seats?: number; months?: number }
export const recordQuotation = (body: NewQuotation): Promise<QuotationDetail> => take(api.POST('/api/v1/quotations', { body }))
