// Stock socket.io-client 4, as an application for chats uses it.
import { io } from 'socket.io-client'

const clients = new Map() // name -> { socket, heard: [{ event, data }], ears: Set of functions }
const WITHIN = 30_000

const matches = (given, wanted) =>
  Object.entries(wanted ?? {}).every(([key, value]) =>
    value !== null && typeof value === 'object' ? given?.[key] != null && matches(given[key], value) : given?.[key] === value)

function hear (client, event, data) {
  client.heard.push({ event, data })
  for (const ear of client.ears) ear({ event, data })
}

function open ({ client, url, token }) {
  const socket = io(url, { transports: ['websocket'], auth: { token }, forceNew: true, reconnectionDelay: 50 })
  const made = { socket, heard: [], ears: new Set() }
  clients.set(client, made)
  socket.onAny((event, data) => hear(made, event, data))
  socket.on('connect', () => hear(made, 'connect', {}))
  socket.on('disconnect', (reason) => hear(made, 'disconnect', { reason }))
  return new Promise((resolve) => {
    const refused = (error) => {
      socket.disconnect()
      resolve({ connected: false, message: error.message, data: error.data ?? null })
    }
    socket.once('connect_error', refused)
    socket.once('connect', () => {
      socket.off('connect_error', refused) // later it tries again by itself
      resolve({ connected: true })
    })
  })
}

const ask = ({ client, event, data }) => clients.get(client).socket.timeout(WITHIN).emitWithAck(event, data)

// The first such event, heard before or yet to come.
function until ({ client, event, data }) {
  const made = clients.get(client)
  const isIt = (each) => each.event === event && matches(each.data, data)
  const found = made.heard.find(isIt)
  if (found) return found.data
  return new Promise((resolve, reject) => {
    const ear = (each) => {
      if (!isIt(each)) return
      made.ears.delete(ear)
      clearTimeout(timer)
      resolve(each.data)
    }
    const timer = setTimeout(() => {
      made.ears.delete(ear)
      reject(new Error(`no ${event} ${JSON.stringify(data)} among ${JSON.stringify(made.heard).slice(0, 4000)}`))
    }, WITHIN)
    made.ears.add(ear)
  })
}

const heard = ({ client }) => clients.get(client).heard
const binary = ({ client }) => { clients.get(client).socket.emit('chat-message', new Uint8Array(8)) }
const connected = ({ client }) => new Promise((resolve) => {
  const { socket } = clients.get(client)
  if (socket.connected) resolve()
  else socket.once('connect', () => resolve())
})
const leave = ({ client }) => { clients.get(client).socket.disconnect() }

export const commands = {
  'io-open': open, 'io-ask': ask, 'io-until': until, 'io-heard': heard, 'io-binary': binary,
  'io-connected': connected, 'io-close': leave
}
