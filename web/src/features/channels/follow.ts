import { onScopeDispose } from 'vue'
import type { Id } from '@/api/types'
import { useConversations } from '@/stores/conversations'

const EVERY_MS = 5_000

/** Looks for new messages of a conversation that nobody tells this screen of, while it is in sight. */
export function useFollow(id: Id, needed: () => boolean): void {
  const chats = useConversations()
  const timer = setInterval(() => {
    if (!needed() || document.visibilityState !== 'visible') return
    void chats.read(id)
  }, EVERY_MS)
  onScopeDispose(() => clearInterval(timer))
}
