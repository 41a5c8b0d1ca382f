// Reads updates with real Yjs and prints what a client would see. Started by loadtest/trace.py and the tests.
//   stdin: {"updates": [base64, …]}   stdout: {"text": …, "vector": {client: clock}, "pending": bool}
import { readFileSync } from 'node:fs'
import * as Y from 'yjs'

const { updates } = JSON.parse(readFileSync(0, 'utf8'))
const doc = new Y.Doc()
for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'base64'))
console.log(JSON.stringify({
  text: doc.getText('content').toString(),
  vector: Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc))),
  pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null
}))
