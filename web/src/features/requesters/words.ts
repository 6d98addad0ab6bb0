import type { BlockState, PersonMember, Requester, RequesterBlock } from '@/api/requesters'
import { has, listed, t } from '@/i18n'

/** The ways that a block may name; the telephone last, since it is left open unless there is cause. */
export const BLOCK_CHANNELS = ['web', 'wechat_oa', 'wechat_kf', 'qq_bot', 'onebot', 'email', 'sms', 'voice'] as const

/** A channel's name; an installation may have channels of its own, which show by their code. */
export const channelWord = (code: string): string => (has(`requester_channels.${code}`) ? t(`requester_channels.${code}`) : code)
export const channelsWord = (codes: readonly string[]): string => (codes.length ? listed(codes.map(channelWord)) : t('requester_blocks.all_written'))

type Named = Pick<Requester, 'phone' | 'name' | 'phone_kind'>

/** Who it is, as far as it is known: number, name, or how he comes. */
export function whoWord(who: Named | null): string {
  if (!who) return '—'
  const number = who.phone || (who.phone_kind === 'none' ? '' : t('softphone.withheld'))
  return [number, who.name].filter(Boolean).join('\u2002') || t('requesters.writes')
}

/** The same with the names he goes by where he writes. */
export function memberWord(member: PersonMember): string {
  if (member.requester.phone || member.requester.name) return whoWord(member.requester)
  const [account] = member.identities
  return account ? `${channelWord(account.channel)}\u2002${account.nickname ?? account.external_id}` : whoWord(member.requester)
}

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
