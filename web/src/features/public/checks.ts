// What a form of a visitor must hold before it is sent, here and in the chat; the server decides.

/** Characters as a person counts them. */
export const lengthOf = (text: string): number => [...text].length

export interface Form {
  consent: boolean
  name: string
  phone: string
  matter: string
  text: string
}
export type Fault = 'consent_missing' | 'phone_missing' | 'phone_wrong' | 'text_missing' | 'text_long' | 'name_long' | 'name_wrong'
export type Field = keyof Form

/** Telephone numbers of this country and others, however they are grouped. */
export const isPhone = (phone: string): boolean => /^\+?[\d\s()-]+$/.test(phone) && /^\d{7,15}$/.test(phone.replace(/\D/g, ''))

export function faultsOf(form: Form, needs: { phone: boolean; text: boolean; mostText: number }): Partial<Record<Field, Fault>> {
  const faults: Partial<Record<Field, Fault>> = {}
  if (lengthOf(form.name.trim()) > 60) faults.name = 'name_long'
  const phone = form.phone.trim()
  if (phone ? !isPhone(phone) : needs.phone) faults.phone = phone ? 'phone_wrong' : 'phone_missing'
  if (needs.text && !form.text.trim()) faults.text = 'text_missing'
  if (lengthOf(form.text.trim()) > needs.mostText) faults.text = 'text_long'
  if (!form.consent) faults.consent = 'consent_missing'
  return faults
}
