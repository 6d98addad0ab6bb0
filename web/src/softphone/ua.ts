// JsSIP behind the few words the store needs. One registration, at most one session.
import JsSIP from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'
import type { IncomingRTCSessionEvent, UA } from 'jssip/lib/UA'
import type { Part } from './state'

/** What the headers of an INVITE say. */
export interface Invitation {
  callId: string | null
  reattach: boolean
  part: Part | null
  /** The person clicked himself: it is answered without a ring. */
  auto: boolean
}

export interface UaEvents {
  link(link: 'connecting' | 'registered' | 'lost' | 'refused'): void
  invited(invitation: Invitation): void
  confirmed(): void
  /** The session ended; `failed` when it never was a talk. */
  over(failed: boolean): void
  remote(stream: MediaStream): void
}

const DOMAIN = 'shoujie.invalid'

export class SoftphoneUa {
  private readonly ua: UA
  private session: RTCSession | null = null
  private stopped = false

  constructor(username: string, private readonly events: UaEvents) {
    JsSIP.debug.disable()
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(`${scheme}://${location.host}/sip`)],
      uri: `sip:${username}@${DOMAIN}`,
      register: true,
      register_expires: 120,
      session_timers: false,
      user_agent: 'Shoujie console',
      // Back within the 15 seconds for which the server holds a leg.
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      no_answer_timeout: 180,
    })
    this.ua.on('connecting', () => this.link('connecting'))
    this.ua.on('disconnected', () => this.link('lost'))
    this.ua.on('registered', () => this.link('registered'))
    this.ua.on('unregistered', () => this.link('lost'))
    this.ua.on('registrationFailed', () => this.link('refused'))
    this.ua.on('newRTCSession', (event: IncomingRTCSessionEvent) => {
      if (event.originator !== ('remote' as typeof event.originator)) return
      this.incoming(event)
    })
  }

  start(): void {
    this.ua.start()
  }

  /** Unregisters and closes; a call that is under way ends. */
  stop(): void {
    this.stopped = true
    this.session = null
    this.ua.stop()
  }

  answer(stream: MediaStream): void {
    this.session?.answer({ mediaStream: stream, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } })
  }

  decline(): void {
    this.session?.terminate({ status_code: 603, reason_phrase: 'Decline' })
  }

  hangUp(): void {
    if (this.session && !this.session.isEnded()) this.session.terminate()
  }

  /** Silences our side at once, ahead of the server. */
  silence(silent: boolean): void {
    for (const sender of this.session?.connection?.getSenders() ?? []) {
      if (sender.track) sender.track.enabled = !silent
    }
  }

  private link(link: 'connecting' | 'registered' | 'lost' | 'refused'): void {
    if (!this.stopped) this.events.link(link)
  }

  private incoming({ session, request }: IncomingRTCSessionEvent): void {
    const invitation = invitationOf(request)
    const { reattach } = invitation
    if (this.session && !this.session.isEnded()) {
      if (!reattach) {
        session.terminate({ status_code: 486, reason_phrase: 'Busy Here' })
        return
      }
      // The same call over a new leg; the old one is dead at the server, no BYE is owed.
      this.session.connection?.close()
    }
    this.session = session
    const mine = () => this.session === session
    session.on('peerconnection', ({ peerconnection }) => {
      peerconnection.addEventListener('track', (event) => {
        if (mine()) this.events.remote(event.streams[0] ?? new MediaStream([event.track]))
      })
    })
    session.on('confirmed', () => mine() && this.events.confirmed())
    session.on('ended', () => this.over(session, false))
    session.on('failed', () => this.over(session, true))
    this.events.invited(invitation)
  }

  private over(session: RTCSession, failed: boolean): void {
    if (this.session !== session) return
    this.session = null
    this.events.over(failed)
  }
}

interface Headers { getHeader(name: string): string | undefined }

export function invitationOf(request: Headers): Invitation {
  const part = header(request, 'X-Part')
  return {
    callId: header(request, 'X-Call-Id'),
    reattach: header(request, 'X-Reattach') === '1',
    part: part === 'consult' || part === 'supervise' ? part : null,
    auto: header(request, 'X-Auto-Answer') === '1',
  }
}

function header(request: Headers, name: string): string | null {
  return request.getHeader(name)?.trim() ?? null
}
