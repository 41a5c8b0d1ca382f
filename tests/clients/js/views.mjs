// What a session can be asked, and waiting until the answer is the expected one.
//
// `wait` is the only way in which tests wait: it looks after every change of the document, the presence or the
// connection, and fails with what it saw last.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import { sessions } from './connection.mjs'
import { views as scattered } from './scattered.mjs'

const MOST_LOOKS_MS = 5 // looks less than this apart become one: the text of a long document is costly to print
const SHOWN_CHARACTERS = 2000 // of the last sight, in the error

/** What the clients of this process said to console.warn; peer.mjs adds to it. */
export const warnings = []

const base64 = (bytes) => Buffer.from(bytes).toString('base64')

/** Each: (session, args) → JSON. `root` is the name of a root type. */
const views = {
  ...scattered,
  synced: ({ synced }) => synced(),
  connected: ({ provider }) => provider.wsconnected ?? provider.configuration.websocketProvider.status === 'connected',
  unsynced: ({ provider }) => provider.hasUnsyncedChanges,
  scope: ({ scope }) => scope ?? null,
  closes: ({ closes }) => closes,
  /** Hocuspocus: whether the server said no, with a reason, either to the token or by closing this document. */
  refused: ({ events }) => events.some(([event, detail]) => event === 'authenticationFailed' && detail !== ''),
  /** The reasons that the server gave for a refusal, by whichever message an application of this client can see. */
  reasons: ({ events }) => events.flatMap(([event, detail]) =>
    ['authenticationFailed', 'stateless'].includes(event) && detail ? [detail] : []).join('\n'),
  warnings: () => warnings.join('\n'),
  events: ({ events }) => events,
  syncs: ({ events }) => events.filter(([event]) => event === 'synced').length,
  text: ({ doc }, { root = 'content' }) => doc.getText(root).toString(),
  /** The characters of the text in the order of their numbers (of UTF-16), to compare what is there and not where. */
  characters: ({ doc }, { root = 'content' }) => [...doc.getText(root).toString()].sort().join(''),
  length: ({ doc }, { root = 'content' }) => doc.getText(root).length,
  digest: ({ doc }, { root = 'content' }) => {
    const text = doc.getText(root).toString()
    return { length: text.length, sha256: createHash('sha256').update(text).digest('hex') }
  },
  delta: ({ doc }, { root = 'content' }) => doc.getText(root).toDelta(),
  map: ({ doc }, { root }) => plain(doc.getMap(root)),
  array: ({ doc }, { root }) => plain(doc.getArray(root)),
  xml: ({ doc }, { root }) => doc.getXmlFragment(root).toString(),
  subdocuments: ({ doc }) => [...doc.getSubdocs()].map(({ guid }) => guid).sort(),
  state: ({ doc }) => base64(Y.encodeStateAsUpdate(doc)),
  vector: ({ doc }) => Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc))),
  pending: ({ doc }) => doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
  presence: ({ awareness }) => Object.fromEntries(awareness.getStates()),
  present: ({ awareness }) => [...awareness.getStates().keys()].map(String).sort(),
  cursors: ({ doc, awareness }) => Object.fromEntries([...awareness.getStates()].flatMap(([client, { cursor }]) =>
    cursor ? [[client, [place(doc, cursor.anchor), place(doc, cursor.head)]]] : []))
}

const place = (doc, json) =>
  Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), doc)?.index ?? null

/** A shared type as JSON; bytes and subdocuments, which JSON lacks, under a `$` name as content.mjs takes them. */
const plain = (value) => {
  if (value instanceof Y.Map) return Object.fromEntries([...value.entries()].sort().map(([key, one]) => [key, plain(one)]))
  if (value instanceof Y.Array) return value.toArray().map(plain)
  if (value instanceof Y.Text) return { $text: value.toString() }
  if (value instanceof Y.Doc) return { $subdocument: value.guid }
  if (value instanceof Uint8Array) return { $bytes: base64(value) }
  return value
}

const reached = (seen, { equals, includes, excludes, count }) => {
  if (equals !== undefined) return isDeepStrictEqual(seen, equals)
  if (includes !== undefined) return includes.every((one) => contains(seen, one)) // text or a list: all of these
  if (excludes !== undefined) return !excludes.some((one) => contains(seen, one)) // text or a list: none of these
  if (count !== undefined) return seen.length >= count
  return true
}

const contains = (seen, one) =>
  typeof seen === 'string' ? seen.includes(one) : seen.some((item) => isDeepStrictEqual(item, one))

/** Look at `view` until it fits `equals`, `includes`, `excludes` or `count`; without any of them, once. → what was seen */
export const wait = ({ session: name, view, seconds = 20, ...args }) => {
  const session = sessions(name)
  if (!Object.hasOwn(views, view)) throw new Error(`no view ${view}; there are ${Object.keys(views).join(' ')}`)
  let seen
  const fits = () => {
    // What comes from a Map of numbers must compare as what comes from JSON.
    seen = JSON.parse(JSON.stringify(views[view](session, args)))
    return reached(seen, args)
  }
  if (fits()) return seen
  return new Promise((resolve, reject) => {
    let next
    const finish = (settle, value) => {
      clearTimeout(next)
      clearTimeout(deadline)
      session.changes.off('change', changed)
      settle(value)
    }
    const look = () => {
      next = undefined
      try {
        if (fits()) finish(resolve, seen)
      } catch (error) {
        finish(reject, error)
      }
    }
    const changed = () => { next ??= setTimeout(look, MOST_LOOKS_MS) }
    const deadline = setTimeout(() => {
      const shown = JSON.stringify(seen).slice(0, SHOWN_CHARACTERS)
      finish(reject, new Error(`${name}: ${view} was not ${JSON.stringify(args).slice(0, SHOWN_CHARACTERS)} within ${seconds} s, but ${shown}; events ${JSON.stringify(session.events.slice(-20))}`))
    }, seconds * 1000)
    session.changes.on('change', changed)
  })
}
