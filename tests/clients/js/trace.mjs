// Typing recorded sessions (tests/clients/traces) into a live document, at the speed that the server takes.
//
// Used by peer.mjs for its commands. One author alone types straight into the document of its provider. Two authors at
// once follow rehearsal.mjs.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'
import { sessions } from './connection.mjs'
import { isIn, patch, rehearse } from './rehearsal.mjs'

const TICK_EDITS = 64 // transactions between two looks at the socket: enough to be quick, few enough to let it read

const load = (file) => {
  const trace = JSON.parse(gunzipSync(readFileSync(file)))
  for (const { patches } of trace.txns) {
    for (const [, , inserted] of patches) {
      // Positions count code points and Yjs counts UTF-16 units: the same, as long as there are no surrogates.
      if (/[\ud800-\udfff]/.test(inserted)) throw new Error(`${file} goes beyond the BMP: convert its positions first`)
    }
  }
  return trace
}

const BACKLOG_MS = 2 // between two looks at a socket that is behind; ws has no event for it

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const breathe = async (session) => {
  await new Promise((resolve) => setImmediate(resolve))
  while (session.backlog()) await pause(BACKLOG_MS)
}

/** Type a trace of one author, `together` recorded transactions in each of Yjs. → how many updates that made */
const typeAlone = async ({ session: name, file, together = 1, root = 'content' }) => {
  const session = sessions(name)
  const { txns, startContent } = load(file)
  const text = session.doc.getText(root)
  if (startContent) text.insert(0, startContent)
  let updates = 0
  for (let from = 0; from < txns.length; from += together) {
    session.doc.transact(() => {
      for (const { patches } of txns.slice(from, from + together)) patch(text, patches)
    })
    updates += 1
    if (updates % TICK_EDITS === 0) await breathe(session)
  }
  return updates
}

/** Type the part of `agent` in a trace of two authors at once, each edit only when what it follows has been received. */
const typeTogether = async ({ session: name, file, agent, root = 'content', seconds = 120 }) => {
  const session = sessions(name)
  const edits = rehearse(load(file), root)
  const [own, others] = [edits[agent], edits[1 - agent]]
  let received = 0
  let waits = 0
  for (const [index, { update, follows }] of own.entries()) {
    while (received < follows) {
      if (isIn(others[received], session.doc)) {
        received += 1
      } else {
        waits += 1
        await changed(session, seconds, () => `${name} still lacks edit ${received} of the other author, before its own ${index}`)
      }
    }
    // The update is from outside the provider, as every local edit is: it goes to the server.
    Y.applyUpdate(session.doc, update, 'author')
    if (index % TICK_EDITS === 0) await breathe(session)
  }
  return { edits: own.length, waits }
}

const changed = ({ changes }, seconds, lacking) => new Promise((resolve, reject) => {
  const deadline = setTimeout(() => reject(new Error(`${lacking()}, after ${seconds} s`)), seconds * 1000)
  changes.once('change', () => {
    clearTimeout(deadline)
    resolve()
  })
})

export const commands = { typeAlone, typeTogether }
