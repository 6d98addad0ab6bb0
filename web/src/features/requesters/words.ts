import type { BlockState, Requester, RequesterBlock } from '@/api/requesters'
import { has, listed, t } from '@/i18n'

/** The ways that a block may name; the telephone last, since it is left open unless there is cause. */
export const BLOCK_CHANNELS = ['web', 'wechat_oa', 'wechat_kf', 'qq_bot', 'onebot', 'email', 'sms', 'voice'] as const

/** A channel's name; an installation may have channels of its own, which show by their code. */
export const channelWord = (code: string): string => (has(`requester_channels.${code}`) ? t(`requester_channels.${code}`) : code)
export const channelsWord = (codes: readonly string[]): string => (codes.length ? listed(codes.map(channelWord)) : t('requester_blocks.all_written'))

/** The account's fields are missing where the schema does not know them yet. */
type Named = Pick<Requester, 'phone' | 'name' | 'phone_kind'> & Partial<Pick<Requester, 'channel' | 'nickname'>>

/** How he comes: the number he calls from, or where he writes and as whom. */
export function wayWord(who: Named): string {
  if (who.phone) return who.phone
  if (!who.channel) return t(who.phone_kind === 'none' ? 'requesters.writes' : 'softphone.withheld')
  return [channelWord(who.channel), who.nickname].filter(Boolean).join('\u2002')
}

/** Who it is, as far as it is known. */
export const whoWord = (who: Named | null): string => (who ? [wayWord(who), who.name].filter(Boolean).join('\u2002') : '—')

export const blockTone = (block: Pick<RequesterBlock, 'state' | 'in_force'>): string => {
  const tones: Record<BlockState, string> = { requested: 'amber', approved: block.in_force ? 'red' : 'blue', declined: '', lifted: '', over: '' }
  return tones[block.state]
}

/** What somebody may do with a block now. */
export function blockSteps(block: Pick<RequesterBlock, 'state' | 'asked_by'>, me: string | undefined, decides: boolean): ('approve' | 'decline' | 'lift')[] {
  if (!decides) return []
  if (block.state === 'approved') return ['lift']
  if (block.state !== 'requested') return []
  return block.asked_by?.id === me ? ['decline'] : ['approve', 'decline']
}
