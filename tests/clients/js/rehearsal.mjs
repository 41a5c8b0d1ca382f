// What two recorded authors typed at once, as the updates that their editors would have sent. Used by trace.mjs.
//
// The positions of a concurrent trace count in the merge of each edit's parents, so whoever types it must hold exactly
// that history, no more and no less; and what arrives over a network is more, as soon as the other author is ahead. So the
// session is rehearsed first, on two private documents, one for each author:
//
//   edit i of author a:   desk a lets in the edits of the other up to i's parents, one by one   (never further)
//                         desk a types i in one transaction                                     → update i
//
// An edit is its author's clock range and the clock ranges that it deletes: this is how `isIn` tells in the live document
// whether it has arrived, also where the server merged it with others.
import * as Y from 'yjs'

const DESK_CLIENTS = [71, 72] // ids of the authors' documents, small and unlike the random ones of the live documents

/** → for each author its edits in order: {update, follows (how many edits of the other it is based on), made, deleted} */
export const rehearse = ({ txns, endContent }, root) => {
  const edits = [[], []]
  const letIn = [0, 0]
  const histories = [] // of each edit: how many edits of each author are in it
  const desks = DESK_CLIENTS.map((clientID) => Object.assign(new Y.Doc(), { clientID }))
  const letInUpTo = (agent, upTo) => {
    while (letIn[agent] < upTo) Y.applyUpdate(desks[agent], edits[1 - agent][letIn[agent]++].update)
  }
  let typed
  for (const desk of desks) desk.on('update', (update, origin) => { if (origin === 'typed') typed = update })

  for (const [index, { agent, parents, patches }] of txns.entries()) {
    const history = [0, 1].map((author) => Math.max(0, ...parents.map((parent) => histories[parent][author])))
    if (history[agent] !== edits[agent].length) throw new Error(`edit ${index} does not follow all earlier ones of its author`)
    letInUpTo(agent, history[1 - agent])
    const text = desks[agent].getText(root)
    desks[agent].transact(() => patch(text, patches), 'typed')
    edits[agent].push({ update: typed, follows: history[1 - agent], ...effects(typed) })
    history[agent] += 1
    histories.push(history)
  }

  for (const agent of [0, 1]) {
    letInUpTo(agent, edits[1 - agent].length)
    if (desks[agent].getText(root).toString() !== endContent) throw new Error('the rehearsal does not end in the recorded text')
  }
  return edits
}

/** One recorded transaction: [position, deleted, inserted] each. */
export const patch = (text, patches) => {
  for (const [at, deleted, inserted] of patches) {
    if (deleted) text.delete(at, deleted)
    if (inserted) text.insert(at, inserted)
  }
}

const effects = (update) => {
  const { structs, ds } = Y.decodeUpdate(update)
  return {
    made: structs.map(({ id, length }) => [id.client, id.clock + length]),
    deleted: [...ds.clients].flatMap(([client, ranges]) => ranges.flatMap(({ clock, len }) =>
      Array.from({ length: len }, (_, offset) => Y.createID(client, clock + offset))))
  }
}

/** Whether everything that the edit inserted and deleted is so in `doc`. */
export const isIn = ({ made, deleted }, doc) =>
  made.every(([client, end]) => Y.getState(doc.store, client) >= end) && deleted.every((id) => Y.getItem(doc.store, id).deleted)
