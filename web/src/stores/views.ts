import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { useSession } from './session'

export interface View { name: string; query: Record<string, string> }

const MOST = 20

/** Saved views of a list: a name for a set of filters, kept on this desktop for each person. */
export const useViews = defineStore('views', () => {
  const session = useSession()
  const lists = ref<Record<string, View[]>>({})
  const key = () => `shoujie.views.${session.user?.id ?? ''}`

  function read(): void {
    try {
      lists.value = JSON.parse(localStorage.getItem(key()) ?? '{}') as Record<string, View[]>
    } catch {
      lists.value = {}
    }
  }
  watch(() => session.user?.id, read, { immediate: true })

  function write(list: string, views: View[]): void {
    lists.value = { ...lists.value, [list]: views }
    localStorage.setItem(key(), JSON.stringify(lists.value))
  }
  const of = (list: string): View[] => lists.value[list] ?? []
  /** Saves under a name; the same name is overwritten. */
  function save(list: string, view: View): void {
    write(list, [...of(list).filter((one) => one.name !== view.name), view].slice(-MOST))
  }
  const remove = (list: string, name: string): void => write(list, of(list).filter((one) => one.name !== name))

  return { of, save, remove }
})
