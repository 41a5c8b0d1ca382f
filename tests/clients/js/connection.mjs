// Sessions: one stock provider with its document, opened, cut and closed by command.
//
// Used by peer.mjs for its commands and by the other command files for `sessions`. A session hides in which
// dialect it speaks; whatever differs between the three clients is in the three `open…` functions.
import { EventEmitter } from 'node:events'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import WebSocket from 'ws'
import { WebsocketProvider as WebsocketProvider3 } from 'y-websocket'
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2'
import * as Y from 'yjs'

const running = new Map()
const sockets = new Map()

/** The open session of that name. */
export const sessions = (name) => {
  const session = running.get(name)
  if (session === undefined) throw new Error(`no session ${name}; open are: ${[...running.keys()].join(' ')}`)
  return session
}

/** Open a provider as session `name`. `kind` is y-websocket-3, y-websocket-2 or hocuspocus. */
const open = ({ session: name, kind, connect = true, presence, subdocument, ...how }) => {
  if (running.has(name)) throw new Error(`session ${name} is open already`)
  const doc = subdocument ? sessions(subdocument.session).doc.getMap(subdocument.map).get(subdocument.key) : new Y.Doc()
  const session = { name, kind, doc, closes: [], events: [], changes: new EventEmitter(), token: how.token }
  session.changes.setMaxListeners(100)
  session.note = (event, detail) => {
    session.events.push(detail === undefined ? [event] : [event, detail])
    session.changes.emit('change')
  }
  session.closed = (event) => {
    if (event) session.closes.push([event.code, String(event.reason)])
    session.note('close', event?.code ?? null)
  }
  if (kind === 'hocuspocus') openHocuspocus(session, how)
  else openYWebsocket(session, kind === 'y-websocket-2' ? WebsocketProvider2 : WebsocketProvider3, how)
  if (presence) session.awareness.setLocalState(presence)
  const changed = () => session.changes.emit('change')
  doc.on('update', changed)
  doc.on('subdocs', changed)
  session.awareness.on('update', changed)
  running.set(name, session)
  if (connect) session.connect()
  return { client: doc.clientID }
}

const openYWebsocket = (session, Provider, { url, document, token, params = {} }) => {
  const provider = new Provider(url, document, session.doc, {
    connect: false,
    disableBc: true, // sessions of one process must meet in the server, not in a BroadcastChannel
    params: token === undefined ? params : { token, ...params },
    WebSocketPolyfill: WebSocket
  })
  provider.on('status', ({ status }) => session.note(status))
  provider.on('sync', (state) => state && session.note('synced'))
  provider.on('connection-close', (event) => session.closed(event))
  provider.on('connection-error', ({ message }) => session.note('connection-error', message))
  Object.assign(session, {
    provider,
    awareness: provider.awareness,
    synced: () => provider.synced,
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
    destroy: () => provider.destroy(),
    setToken: (fresh) => { provider.params.token = fresh },
    setUrl: (fresh) => { provider.serverUrl = fresh },
    cut: () => provider.ws?.terminate(),
    backlog: () => (provider.ws?.bufferedAmount ?? 0) > 64 * 1024 // bytes not yet handed to the kernel
  })
}

const openHocuspocus = (session, { url, document, socket = session.name, flushDelay = false, sessionAwareness = false }) => {
  if (!sockets.has(socket)) {
    // The stock delays grow to 30 s; a test that restarts the server has no time for that.
    const options = { url, WebSocketPolyfill: WebSocket, autoConnect: false, delay: 100, minDelay: 100, maxDelay: 2500 }
    sockets.set(socket, new HocuspocusProviderWebsocket(options))
  }
  const websocketProvider = sockets.get(socket)
  const provider = new HocuspocusProvider({
    websocketProvider,
    name: document,
    document: session.doc,
    flushDelay,
    sessionAwareness,
    token: () => session.token ?? '',
    onStatus: ({ status }) => session.note(status),
    onSynced: () => session.note('synced'),
    onAuthenticated: ({ scope }) => { session.scope = scope; session.note('authenticated', scope) },
    onAuthenticationFailed: ({ reason }) => session.note('authenticationFailed', reason),
    onUnsyncedChanges: ({ number }) => session.changes.emit('change', number),
    onStateless: ({ payload }) => session.note('stateless', payload),
    onClose: ({ event }) => session.closed(event)
  })
  Object.assign(session, {
    provider,
    awareness: provider.awareness,
    synced: () => provider.isSynced,
    connect: () => {
      provider.attach()
      // Once for all documents on the socket: connecting again while connecting gives up the first attempt.
      if (!websocketProvider.shouldConnect) websocketProvider.connect()
    },
    disconnect: () => websocketProvider.disconnect(),
    destroy: () => provider.destroy(),
    setToken: (fresh) => { session.token = fresh },
    setUrl: (fresh) => { websocketProvider.configuration.url = fresh },
    cut: () => websocketProvider.webSocket?.terminate(),
    backlog: () => provider.unsyncedChanges > 200 // edits that the server has not called durable yet
  })
}

export const commands = {
  open,
  /** Attach and connect; a provider that is connected already stays so. */
  connect: ({ session }) => void sessions(session).connect(),
  /** Close in the way of a user who goes offline: with a goodbye, and without coming back by itself. */
  disconnect: ({ session }) => sessions(session).disconnect(),
  /** Break the TCP connection, as a network does; the client comes back by itself. */
  cut: ({ session }) => sessions(session).cut(),
  /** Where the next connection goes: what a load balancer decides when a gateway is gone. */
  setUrl: ({ session, url }) => sessions(session).setUrl(url),
  setToken: ({ session, token }) => sessions(session).setToken(token),
  /** Hocuspocus only: authenticate again on the open socket, as an application does when a token is about to expire. */
  sendToken: ({ session }) => sessions(session).provider.sendToken(),
  destroy: ({ session }) => {
    sessions(session).destroy()
    running.delete(session)
  }
}
