// Editing a session's document as an editor does: text, maps, arrays, XML, undo.
//
// Used by peer.mjs for its commands. Positions in text are UTF-16 units, as in every Yjs editor.
import { randomBytes } from 'node:crypto'
import * as Y from 'yjs'
import { sessions } from './connection.mjs'

/** A value for a map or an array; `$` names a shared type, bytes or a subdocument, which JSON has no words for. */
const build = (value) => {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value
  if ('$map' in value) return new Y.Map(Object.entries(value.$map).map(([key, one]) => [key, build(one)]))
  if ('$array' in value) return Y.Array.from(value.$array.map(build))
  if ('$text' in value) return new Y.Text(value.$text)
  if ('$bytes' in value) return Uint8Array.from(Buffer.from(value.$bytes, 'base64'))
  if ('$subdocument' in value) return new Y.Doc({ guid: value.$subdocument })
  return value
}

const element = ({ name, attributes = {}, children = [] }) => {
  const made = new Y.XmlElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.insert(0, children.map((child) => typeof child === 'string' ? new Y.XmlText(child) : element(child)))
  return made
}

const CHUNK_CHARACTERS = 16 * 1024 // of `fill`: inserted at the start each, so that a long document has many items

const text = ({ session, root = 'content' }) => sessions(session).doc.getText(root)
const map = ({ session, root }) => sessions(session).doc.getMap(root)
const array = ({ session, root }) => sessions(session).doc.getArray(root)

export const commands = {
  insert: ({ at, text: inserted, attributes, ...where }) => text(where).insert(at, inserted, attributes),
  append: ({ text: inserted, ...where }) => text(where).insert(text(where).length, inserted),
  /** Insert `count` times the same character, each in a transaction of its own. */
  type: ({ text: typed, count = 1, ...where }) => {
    for (let i = 0; i < count; i++) text(where).insert(text(where).length, typed)
  },
  /** Make the text longer by `characters` that do not repeat, in one transaction. */
  fill: ({ characters, ...where }) => sessions(where.session).doc.transact(() => {
    for (let left = characters; left > 0; left -= CHUNK_CHARACTERS) {
      text(where).insert(0, randomBytes(CHUNK_CHARACTERS).toString('base64').slice(0, Math.min(left, CHUNK_CHARACTERS)))
    }
  }),
  delete: ({ at, length, ...where }) => text(where).delete(at, length),
  format: ({ at, length, attributes, ...where }) => text(where).format(at, length, attributes),
  embed: ({ at, value, ...where }) => text(where).insertEmbed(at, value),
  mapSet: ({ key, value, ...where }) => void map(where).set(key, build(value)),
  mapDelete: ({ key, ...where }) => map(where).delete(key),
  arrayInsert: ({ at, values, ...where }) => array(where).insert(at, values.map(build)),
  arrayDelete: ({ at, length = 1, ...where }) => array(where).delete(at, length),
  xmlInsert: ({ session, root, at, element: spec }) => sessions(session).doc.getXmlFragment(root).insert(at, [element(spec)]),

  /** From here on, remember this session's own edits of `content`. */
  undoTrack: ({ session, root = 'content' }) => {
    const { doc } = sessions(session)
    sessions(session).undo = new Y.UndoManager(doc.getText(root), { captureTimeout: 0 })
  },
  undo: ({ session }) => void sessions(session).undo.undo(),
  redo: ({ session }) => void sessions(session).undo.redo()
}
