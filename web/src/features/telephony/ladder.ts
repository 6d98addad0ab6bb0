// The lanes and arrows of a SIP ladder.
import type { LadderMessage } from '@/api/types'

export interface Lane { address: string; name: 'requester' | 'us' | 'agent' }
export interface Arrow { message: LadderMessage; from: number; to: number; label: string; /** ms since the message before */ since: number }

/** Where a message's far end is. */
const far = (message: LadderMessage): string => (message.incoming ? message.from : message.to)

/** The requester left, we in the middle, each device of an agent right of it. */
export function lanes(messages: readonly LadderMessage[]): Lane[] {
  const ends = (leg: string) => [...new Set(messages.filter((one) => one.leg === leg).map(far))]
  const first = messages[0]
  const us = first ? (first.incoming ? first.to : first.from) : ''
  return [
    ...ends('requester').map((address): Lane => ({ address, name: 'requester' })),
    { address: us, name: 'us' },
    ...ends('agent').map((address): Lane => ({ address, name: 'agent' })),
  ]
}

export function arrows(messages: readonly LadderMessage[], among: readonly Lane[]): Arrow[] {
  const us = among.findIndex((lane) => lane.name === 'us')
  return messages.map((message, i) => {
    const end = among.findIndex((lane) => lane.name === message.leg && lane.address === far(message))
    return {
      message, from: message.incoming ? end : us, to: message.incoming ? us : end,
      label: message.method ?? `${message.status} (${message.cseq.split(' ')[1] ?? ''})`,
      since: i === 0 ? 0 : message.after_ms - messages[i - 1]!.after_ms,
    }
  })
}
