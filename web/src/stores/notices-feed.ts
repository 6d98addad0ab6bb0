// What this screen adds to the bell by itself: changes to me that I did not make, alarms. All else is a notice of
// the server.
import { watch } from 'vue'
import type { AgentState, NoticeView } from '@/api/types'
import { has, t } from '@/i18n'
import { chime } from '@/lib/chime'
import { useFloor } from './floor'
import { throttled, useLive } from './live'
import { useNotices } from './notices'

const CHOSEN = ['ready', 'break', 'meeting', 'training', 'signed_out']
/** A state that comes so soon after my own click is mine. */
const MINE_MS = 3_000

export function feedNotices(): void {
  const notices = useNotices()
  const floor = useFloor()
  const live = useLive()

  watch(() => floor.mine, (now: AgentState | null, before: AgentState | null | undefined) => {
    if (!now || !before || now.state === before.state || !CHOSEN.includes(now.state) || !now.reason) return
    if (Date.now() - floor.askedAt < MINE_MS) return
    const state = t(`states.${now.state}`)
    if (has(`state_reasons.${now.reason}`)) notices.add('by_system', { state, reason: t(`state_reasons.${now.reason}`) })
    else notices.add('forced', { state, reason: now.reason })
  })

  const soon = throttled(() => void notices.load())
  live.on(['notice'], (event) => {
    const news = event.data as { what: string; notice?: NoticeView }
    if (news.what === 'new' && news.notice?.urgency === 'urgent') chime(news.notice.id)
    soon()
  })
  live.on(['reset'], soon)
  live.on(['alarm'], (event) => {
    const { code, over } = event.data as { code: string; over?: boolean }
    // What is over rings no bell.
    if (over) return
    notices.add(has(`notices.alarm_${code}`) ? `alarm_${code}` : 'alarm', { code })
  })
}
