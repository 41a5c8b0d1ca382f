// A document of many small edits: a hundred authors in turn, half of what they do are words and deletions at random places
// of some paragraphs, half are keys of a map, many of them written again. Used by peer.mjs and views.mjs.
import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { sessions } from './connection.mjs'

const AUTHORS = 100
const BURST = 20 // edits of one author before the next one's turn
const PARAGRAPH = 400 // edits to one paragraph before the next one begins
const CELLS = 20_000

// The same document every time: Numerical Recipes' linear congruential generator.
const dice = () => {
  let state = 1
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 4294967296 * n)
  }
}

const made = (edits) => {
  const doc = new Y.Doc()
  const below = dice()
  const word = () => Array.from({ length: 2 + below(9) }, () => String.fromCharCode(97 + below(26))).join('') + ' '
  let paragraph
  const edit = (number) => {
    if (number % PARAGRAPH === 0) doc.getArray('paragraphs').push([paragraph = new Y.Text()])
    const place = below(paragraph.length + 1)
    if (number % 2) doc.getMap('cells').set(`cell ${below(CELLS)}`, word())
    else if (below(5) || place + 3 > paragraph.length) paragraph.insert(place, word())
    else paragraph.delete(place, 3)
  }
  for (let number = 0; number < edits; number += BURST) {
    doc.clientID = (1 << 29) + below(AUTHORS)
    doc.transact(() => { for (let i = 0; i < BURST; i++) edit(number + i) })
  }
  return Y.encodeStateAsUpdate(doc)
}

export const commands = {
  /** Put so many edits into a session's document. → bytes of all of them as one update */
  scatter: ({ session, edits }) => {
    const update = made(edits)
    Y.applyUpdate(sessions(session).doc, update)
    return update.length
  }
}

export const views = {
  /** What all of it says, in one line. */
  scattered: ({ doc }) => {
    const said = [doc.getArray('paragraphs').toArray().map(String), [...doc.getMap('cells').entries()].sort()]
    return createHash('sha256').update(JSON.stringify(said)).digest('hex')
  }
}
