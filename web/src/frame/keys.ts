import { onBeforeUnmount, onMounted } from 'vue'
import { keysOpen, paletteOpen } from '@/lib/overlays'
import { tell } from '@/lib/tell'
import { P } from '@/api/permissions'
import { useRouter } from 'vue-router'
import { acceptOffer, declineOffer } from '@/features/channels/offer'
import { usePhone } from '@/softphone/store'
import { useTalk } from '@/softphone/talk'
import { talkKey } from '@/softphone/talk-actions'
import { useSupervision } from '@/stores/supervision'
import { useConversations } from '@/stores/conversations'
import { useFloor } from '@/stores/floor'
import { useSession } from '@/stores/session'

/** Keys that work on every page. The call keys work even inside a text field. */
export const CALL_KEYS = { answer: 'F2', hang_up: 'F4', hold: 'F8', mute: 'F9' } as const
export const STATE_KEYS = { ready: 'Alt+R', break: 'Alt+B' } as const

export function useFrameKeys(): void {
  const phone = usePhone()
  const floor = useFloor()
  const session = useSession()
  const chats = useConversations()
  const router = useRouter()
  const talk = useTalk()
  const supervision = useSupervision()

  function callKey(event: KeyboardEvent): (() => unknown) | null {
    if (supervision.watched && event.key === CALL_KEYS.hang_up) return () => supervision.end()
    if (!session.can(P.takeCalls)) return null
    const wish = talk.talking ? talkKey(event) : null
    if (wish) return () => talk.act(wish)
    const state = floor.mine?.state
    if (event.altKey && !event.ctrlKey && (event.code === 'KeyR' || event.code === 'KeyB')) {
      const next = event.code === 'KeyR' ? 'ready' : 'break'
      return () => floor.set(next)
    }
    switch (event.key) {
      // A call goes before a conversation.
      case CALL_KEYS.answer: return () => (chats.offer && !phone.call && !floor.workId ? acceptOffer(router) : phone.answer())
      case CALL_KEYS.hang_up: return () => (chats.offer && !phone.call && !floor.workId ? declineOffer() : phone.ringing ? phone.decline() : phone.hangUp())
      case CALL_KEYS.hold: return state === 'talking' || state === 'held' ? () => phone.toggleHold() : () => {}
      case CALL_KEYS.mute: return state === 'talking' || state === 'held' ? () => phone.toggleMute() : () => {}
      default: return null
    }
  }

  function key(event: KeyboardEvent): void {
    if (event.repeat || event.isComposing) return
    const call = callKey(event)
    if (call) {
      event.preventDefault()
      void Promise.resolve(call()).catch(tell)
      return
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      paletteOpen.value = !paletteOpen.value
      return
    }
    const target = event.target as HTMLElement
    const inField = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable
    if (event.key === '?' && !inField && !event.ctrlKey && !event.altKey) keysOpen.value = !keysOpen.value
  }

  onMounted(() => document.addEventListener('keydown', key))
  onBeforeUnmount(() => document.removeEventListener('keydown', key))
}
