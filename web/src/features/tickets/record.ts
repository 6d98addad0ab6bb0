// The contact record of one call: read, drafted while one talks, saved by itself, completed.
import { computed, reactive, ref, shallowRef, watch, type Ref } from 'vue'
import { asProblem, type Problem } from '@/api/problem'
import * as callsApi from '@/api/calls'
import { conversationPop } from '@/api/channels'
import * as api from '@/api/tickets'
import { P } from '@/api/permissions'
import type { ContactRecord, Pop } from '@/api/types'
import { useSession } from '@/stores/session'
import { missing } from './wrap-up-keys'

const SAVE_AFTER_MS = 700
const SAVE_AGAIN_MS = 3_000
/** A ring may reach the browser a moment before its record is written. */
const TOO_EARLY_MS = 250
const TOO_EARLY_TRIES = 12

/** Who it is about and what is written so far, of a call or of a conversation: the record knows which. */
export async function popOfEither(id: string): Promise<Pop> {
  const { medium } = await api.contactRecord(id)
  return medium === 'chat' ? conversationPop(id) : callsApi.pop(id)
}

/** Of a call, or of whatever else has a pop of its own under that id: a conversation. */
export function useContactRecord(callId: Ref<string | null>, readPop: (id: string) => Promise<Pop> = callsApi.pop) {
  const pop = shallowRef<Pop | null>(null)
  const record = shallowRef<ContactRecord | null>(null)
  const draft = reactive<api.RecordDraft>(blank())
  const loading = ref(false)
  const saving = ref(false)
  const finishing = ref(false)
  const savedAt = ref<number | null>(null)
  const dirty = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0
  let early = 0

  const lacks = computed(() => missing(draft))
  const complete = computed(() => record.value?.state === 'complete')
  const session = useSession()
  /** It goes on with another, whose record it is; one still reads it. */
  const handedOn = computed(() => {
    const found = record.value
    return !!found?.answered_at && session.reach(P.writeRecords) === 'own' && found.agent?.id !== session.user?.id
  })

  function blank(): api.RecordDraft {
    return { request_type: null, matter: null, result: null, summary: '', ticket_id: null, articles: [] }
  }

  /** Reads who calls and what is written so far; never over what is being typed. */
  async function load(): Promise<void> {
    const id = callId.value
    if (!id) return
    const mine = ++turn
    loading.value = true
    try {
      const found = await readPop(id)
      if (mine !== turn || callId.value !== id) return
      pop.value = found
      take(found.contact_record)
      problem.value = null
    } catch (error) {
      if (mine !== turn) return
      const refusal = asProblem(error)
      if (refusal.status === 404 && early < TOO_EARLY_TRIES) {
        early += 1
        setTimeout(() => mine === turn && void load(), TOO_EARLY_MS)
      } else problem.value = refusal
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  function take(found: ContactRecord | null): void {
    // An answer that was overtaken by a save is older than what stands here.
    if (found && record.value && record.value.call_id === found.call_id && found.version < record.value.version) return
    record.value = found
    if (!found || dirty.value) return
    draft.request_type = found.request_type
    draft.matter = found.matter
    draft.result = found.result
    draft.summary = found.summary ?? ''
    draft.ticket_id = found.ticket_id
    draft.articles = [...found.articles]
  }

  function change(part: Partial<api.RecordDraft>): void {
    Object.assign(draft, part)
    dirty.value = true
    clearTimeout(timer)
    timer = setTimeout(() => void save(), SAVE_AFTER_MS)
  }

  /** Writes the draft; what could not be written stays dirty and is tried again with the next change. */
  async function save(): Promise<void> {
    clearTimeout(timer)
    const id = callId.value
    if (!id || !dirty.value || complete.value || handedOn.value) return
    saving.value = true
    dirty.value = false
    try {
      const saved = await api.saveRecord(id, { ...draft })
      if (callId.value !== id) return
      if (saved) record.value = saved
      savedAt.value = Date.now()
      problem.value = null
    } catch (error) {
      if (callId.value === id) {
        dirty.value = true
        const refusal = (problem.value = asProblem(error))
        // What was written last came too late; what stands there now is another's.
        if (refusal.code === 'contact_record_handed_on') {
          dirty.value = false
          void load()
          return
        }
        // The server was away: what was written meanwhile is not left to the next key.
        if (refusal.code === 'unreachable' || refusal.status >= 500) timer = setTimeout(() => void save(), SAVE_AGAIN_MS)
      }
    } finally {
      saving.value = false
    }
  }

  /** Completes the record; rejects with the problem so that the form can show where. */
  async function finish(): Promise<void> {
    const id = callId.value
    if (!id || finishing.value) return
    clearTimeout(timer)
    finishing.value = true
    try {
      const saved = await api.completeRecord(id, { ...draft })
      dirty.value = false
      if (callId.value === id && saved) record.value = saved
      problem.value = null
    } finally {
      finishing.value = false
    }
  }

  watch(callId, (id, before) => {
    // What was typed for the call before must not get lost with it.
    if (before && dirty.value) void api.saveRecord(before, { ...draft }).catch(() => {})
    clearTimeout(timer)
    Object.assign(draft, blank())
    pop.value = null
    record.value = null
    dirty.value = false
    savedAt.value = null
    problem.value = null
    turn += 1
    early = 0
    if (id) void load()
  }, { immediate: true })

  return { callId, pop, record, draft, loading, saving, finishing, savedAt, dirty, problem, lacks, complete, handedOn, load, change, save, finish }
}

export type RecordInHand = ReturnType<typeof useContactRecord>
