// Applies updates with the stock Yjs, for tests/rooms/yjs.py.
//
//   stdin   {"updates": ["hex", …]}     applied in this order to a fresh document, one case a line
//   stdout  {"error": null | "…", "pending": bool, "state": "hex"}
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../clients/js/package.json', import.meta.url))
const Y = require('yjs')

const judge = ({ updates }) => {
  const doc = new Y.Doc()
  let error = null
  try {
    for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'hex'))
    Y.encodeStateAsUpdate(doc)
  } catch (thrown) {
    error = String(thrown)
  }
  const pending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  const state = Buffer.from(Y.encodeStateVector(doc)).toString('hex')
  return { error, pending, state }
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
  process.stdout.write(JSON.stringify('presence' in asked ? presence(asked) : judge(asked)) + '\n')
})
