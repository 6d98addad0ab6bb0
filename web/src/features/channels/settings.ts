// What each kind of channel is set up with: the settings one knows, and the secrets that are written and never read.
import type { ChannelKind } from '@/api/channels'

export interface Setting { name: string; kind: 'text' | 'number' | 'flag' | 'address' }
export interface Needs { settings: Setting[]; secrets: string[] }
const text = (name: string): Setting => ({ name, kind: 'text' })
const number = (name: string): Setting => ({ name, kind: 'number' })
const address = (name: string): Setting => ({ name, kind: 'address' })
const flag = (name: string): Setting => ({ name, kind: 'flag' })

export const NEEDS: Record<ChannelKind, Needs> = {
  web: { settings: [text('greeting'), text('allowed_origins'), flag('ask_phone')], secrets: [] },
  wechat_oa: { settings: [text('app_id'), address('api_base'), text('mode'), number('replies'), number('window_hours')], secrets: ['app_secret', 'token', 'encoding_aes_key', 'previous_aes_key'] },
  wechat_kf: { settings: [text('corp_id'), text('open_kfid'), address('api_base'), number('replies'), number('window_hours')], secrets: ['corp_secret', 'token', 'encoding_aes_key'] },
  qq_bot: { settings: [text('app_id'), address('api_base'), address('token_base'), number('replies'), number('window_minutes'), number('group_window_minutes')], secrets: ['bot_secret'] },
  onebot: { settings: [text('self_id'), address('api_base')], secrets: ['access_token', 'secret'] },
  email: { settings: [text('address'), text('imap_host'), number('imap_port'), text('smtp_host'), number('smtp_port'), text('username'), text('folder')], secrets: ['password'] },
  sms: { settings: [address('gateway'), text('template_id'), text('sign_name')], secrets: ['access_key', 'access_secret'] },
  manual: { settings: [], secrets: [] },
}

/** What the form knows by name, and whatever else stands there already. */
export function settingsOf(kind: ChannelKind, there: Record<string, unknown>): Setting[] {
  const known = NEEDS[kind].settings
  const more = Object.keys(there).filter((name) => !known.some((one) => one.name === name))
  return [...known, ...more.map((name): Setting => ({ name, kind: typeof there[name] === 'boolean' ? 'flag' : typeof there[name] === 'number' ? 'number' : 'text' }))]
}
export function secretsOf(kind: ChannelKind, there: readonly string[]): string[] {
  return [...new Set([...NEEDS[kind].secrets, ...there])]
}
