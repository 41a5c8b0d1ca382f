// Makes a large document and writes its state as one update. Started by loadtest/large.py.
//   node large.mjs text|edits BYTES OUT
// `text`: one author wrote one long text without a break. `edits`: a hundred authors in turn, half of what they do are
// words and deletions at random places of some paragraphs, half are keys of a map, many of them written again.
import { writeFileSync } from 'node:fs'
import * as Y from 'yjs'

const AUTHORS = 100
const BURST = 20 // edits of one author before the next one's turn
const PARAGRAPH = 400 // edits to one paragraph before the next one begins
const TOLERANCE = 0.1 // how far the size may be off

const [content, size, target] = process.argv.slice(2)
const bytes = Number(size)

// The same document every time: Numerical Recipes' linear congruential generator.
let state = 1
const below = n => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor(state / 4294967296 * n)
}
const word = () => Array.from({ length: 2 + below(9) }, () => String.fromCharCode(97 + below(26))).join('') + ' '

const doc = new Y.Doc()
doc.clientID = 1 << 29

function writeText () {
  let length = 0
  const words = []
  while (length < bytes) {
    const next = word()
    words.push(next)
    length += next.length
  }
  doc.getText('content').insert(0, words.join(''))
}

let paragraph, edits = 0
function burst () {
  doc.clientID = (1 << 29) + below(AUTHORS)
  doc.transact(() => {
    for (let i = 0; i < BURST; i++, edits++) {
      if (edits % PARAGRAPH === 0) doc.getArray('paragraphs').push([paragraph = new Y.Text()])
      const place = below(paragraph.length + 1)
      if (edits % 2) doc.getMap('cells').set(`r${below(bytes >> 6)}c${below(8)}`, below(2) ? below(1e6) : word())
      else if (below(5) || place + 3 > paragraph.length) paragraph.insert(place, word())
      else paragraph.delete(place, 3)
    }
  })
}

function scatterEdits () {
  // What an edit costs is known after some, and later ones cost less: they write keys again.
  let encoded = 0
  for (let left = 100; left > 0;) {
    for (; left > 0; left--) burst()
    encoded = Y.encodeStateAsUpdate(doc).length
    if (encoded < bytes * (1 - TOLERANCE / 2)) left = Math.ceil((bytes - encoded) / (encoded / edits) / BURST)
  }
}

if (content === 'text') writeText()
else scatterEdits()
const update = Y.encodeStateAsUpdate(doc)
if (Math.abs(update.length - bytes) > bytes * TOLERANCE) throw new Error(`${update.length} bytes instead of ${bytes}`)
writeFileSync(target, update)
console.log(JSON.stringify({ bytes: update.length, edits }))
