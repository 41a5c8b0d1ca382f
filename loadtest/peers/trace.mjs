// Types a recorded session into a Yjs document and writes its state as one update. Started by loadtest/trace.py.
//   node trace.mjs seph-blog1.json.gz OUT
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

const [source, target] = process.argv.slice(2)
const trace = JSON.parse(gunzipSync(readFileSync(source)).toString('utf8'))
const doc = new Y.Doc()
doc.clientID = 1
const text = doc.getText('content')

// Positions are in code points, Yjs counts UTF-16 units: the trace keeps within the basic plane, which is checked at the end.
text.insert(0, trace.startContent)
for (const { patches } of trace.txns) {
  doc.transact(() => {
    for (const [position, deleted, inserted] of patches) {
      if (deleted > 0) text.delete(position, deleted)
      if (inserted !== '') text.insert(position, inserted)
    }
  })
}
if (text.toString() !== trace.endContent) throw new Error('the typed text differs from the recorded end')
writeFileSync(target, Y.encodeStateAsUpdate(doc))
