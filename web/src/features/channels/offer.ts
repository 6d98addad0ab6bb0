// Taking a conversation that rings, from whichever page.
import type { Router } from 'vue-router'
import { useConversations } from '@/stores/conversations'

/** A dialog with something typed in it is not left. */
const filling = (): boolean => document.querySelector('.el-overlay:not([style*="display: none"]) .el-dialog textarea') !== null

export async function acceptOffer(router: Router): Promise<void> {
  const chats = useConversations()
  const id = chats.offer?.id
  if (!id) return
  await chats.accept(id)
  if (!filling()) await router.push({ name: 'inbox', query: { tab: 'mine', open: id } })
}
export async function declineOffer(): Promise<void> {
  const chats = useConversations()
  if (chats.offer) await chats.decline(chats.offer.id)
}
