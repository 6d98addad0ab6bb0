// What a channel is set up with: what its kind asks for, and whatever else stands there already.
import type { Channel, Kind, KindSetting } from '@/api/channels'

const extra = (name: string, secret: boolean): KindSetting => ({ name, secret, required: false, default: '' })

export function rowsOf(kinds: readonly Kind[], kind: string, channel: Pick<Channel, 'settings' | 'secrets'> | null): { settings: KindSetting[]; secrets: KindSetting[] } {
  const known = kinds.find((one) => one.kind === kind)?.settings ?? []
  const rows = (secret: boolean, there: string[]): KindSetting[] => {
    const own = known.filter((one) => one.secret === secret)
    return [...own, ...there.filter((name) => !own.some((one) => one.name === name)).map((name) => extra(name, secret))]
  }
  return { settings: rows(false, Object.keys(channel?.settings ?? {})), secrets: rows(true, channel?.secrets ?? []) }
}

/** How many of what has to be there are not. */
export function lacking(kinds: readonly Kind[], channel: Channel): number {
  const needed = kinds.find((one) => one.kind === channel.kind)?.settings.filter((one) => one.required) ?? []
  return needed.filter((one) => (one.secret ? !channel.secrets.includes(one.name) : !(channel.settings[one.name] || one.default))).length
}
export const isFlag = (setting: KindSetting, value: string | undefined): boolean => ['true', 'false'].includes(value ?? setting.default)
