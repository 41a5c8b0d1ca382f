// Showing oneself: the awareness commands of peer.mjs.
import * as Y from 'yjs'
import { sessions } from './connection.mjs'

export const commands = {
  /** The whole local state; null hides the client. */
  show: ({ session, state }) => sessions(session).awareness.setLocalState(state),
  /** A selection in `root` as editors share it: two relative positions, which stay with their text. */
  select: ({ session, root = 'content', anchor, head }) => {
    const { doc, awareness } = sessions(session)
    const relative = (index) => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(doc.getText(root), index))
    awareness.setLocalStateField('cursor', { anchor: relative(anchor), head: relative(head) })
  }
}
