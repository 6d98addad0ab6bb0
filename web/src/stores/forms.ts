import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { ticketForms } from '@/api/tickets'
import type { FormField, RequestType } from '@/api/types'

/** The typed forms of the request types, read once. */
export const useForms = defineStore('forms', () => {
  const forms = shallowRef<Partial<Record<RequestType, FormField[]>>>({})
  let asked: Promise<void> | null = null

  function ready(): Promise<void> {
    asked ??= ticketForms()
      .then((found) => void (forms.value = Object.fromEntries(found.items.map((form) => [form.request_type, form.fields]))))
      .catch(() => {
        asked = null
      })
    return asked
  }
  const fieldsOf = (type: RequestType | null | undefined): FormField[] => (type ? (forms.value[type] ?? []) : [])

  return { ready, fieldsOf }
})
