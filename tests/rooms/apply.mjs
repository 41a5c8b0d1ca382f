// Applies updates with the stock Yjs, for tests/rooms/yjs.py.
//
//   stdin   {"updates": ["hex", …]}     applied in this order to a fresh document, one case a line
//   stdout  {"error": null | "…", "pending": bool, "state": "hex", "text": "…"}     the text of the root `content`
//   stdin   {"halves": seed}            clients that type and delete emoji, and halves of them
//   stdout  {"updates": ["hex", …]}     in causal order; a client may see a U+FFFD that it told nobody of, where its
//                                       cursor was and nothing came of it, so their own texts say nothing
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../clients/js/package.json', import.meta.url))
const Y = require('yjs')

const judge = ({ updates }) => {
  const doc = new Y.Doc()
  let error = null
  let text = ''
  try {
    for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'hex'))
    Y.encodeStateAsUpdate(doc)
    text = doc.share.get('content')?.constructor === Y.Map ? '' : doc.getText('content').toString()
  } catch (thrown) {
    error = String(thrown)
  }
  const pending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  const state = Buffer.from(Y.encodeStateVector(doc)).toString('hex')
  return { error, pending, state, text }
}

const halves = (seed) => {
  // Numerical Recipes' linear congruential generator.
  let state = seed >>> 0
  const below = n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 4294967296 * n)
  }
  const docs = [7, 1 << 30, 3].map(clientID => Object.assign(new Y.Doc(), { clientID }))
  const updates = []
  for (const doc of docs) doc.on('update', (update, origin) => origin === 'other' || updates.push(update))
  for (let edits = 0; edits < 25; edits++) {
    const doc = docs[below(3)]
    const text = doc.getText('content')
    const place = below(text.length + 1)
    doc.transact(() => {
      if (below(3)) text.insert(place, ['a', '😀', 'é', 'x👩‍👩‍👧y', '😀😁😂'][below(5)])
      if (!below(2) && text.length > place) text.delete(place, Math.min(1 + below(3), text.length - place))
      if (!below(8) && text.length) text.format(0, below(text.length) + 1, { bold: true })
    })
    if (!below(3)) for (const other of docs) Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)), 'other')
  }
  return { updates: updates.map(update => Buffer.from(update).toString('hex')) }
}

const presence = ({ presence }) => {
  try {
    return { error: null, value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(presence, 'hex'))) }
  } catch (thrown) {
    return { error: String(thrown) }
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line)
  const answer = 'presence' in asked ? presence(asked) : 'halves' in asked ? halves(asked.halves) : judge(asked)
  process.stdout.write(JSON.stringify(answer) + '\n')
})
