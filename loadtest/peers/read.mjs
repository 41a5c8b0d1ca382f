// Reads updates with real Yjs and prints what a client would see. Started by loadtest/yjs.py.
//   stdin: {"updates": [base64, …]}   stdout: {"text": …, "rest": hash, "vector": {client: clock}, "pending": bool}
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as Y from 'yjs'

const { updates } = JSON.parse(readFileSync(0, 'utf8'))
const doc = new Y.Doc()
for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'base64'))
// What large.mjs writes besides the text; keys stand in the order in which they arrived, which may differ.
const cells = Object.entries(doc.getMap('cells').toJSON()).sort(([one], [other]) => one < other ? -1 : 1)
const rest = JSON.stringify([doc.getArray('paragraphs').toJSON(), cells])
console.log(JSON.stringify({
  text: doc.getText('content').toString(),
  rest: createHash('sha256').update(rest).digest('hex'),
  vector: Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc))),
  pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null
}))
