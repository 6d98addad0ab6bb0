// The shared worker: one connection for all tabs of this origin.
import { LiveConnection } from './connection'

interface Scope { onconnect: ((event: MessageEvent) => void) | null }

const ports = new Set<MessagePort>()
const connection = new LiveConnection((message) => {
  for (const port of ports) port.postMessage(message)
})

;(self as unknown as Scope).onconnect = (event) => {
  const port = event.ports[0]
  if (!port) return
  ports.add(port)
  port.onmessage = ({ data }: MessageEvent<'start' | 'stop' | 'nudge' | 'leave'>) => {
    if (data === 'leave') {
      ports.delete(port)
      if (ports.size === 0) connection.stop()
      return
    }
    // A page that comes back from the browser's page cache joins again by speaking.
    ports.add(port)
    if (data === 'stop') connection.stop()
    else connection.nudge()
  }
  port.postMessage({ status: connection.status })
  port.start()
}
