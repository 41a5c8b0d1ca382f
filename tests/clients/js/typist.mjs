// Somebody who types by a seed: keystrokes and deletions somewhere in the text, at uneven moments.
//
// Used by peer.mjs for its command. Each keystroke is a character that the document never had, so that what is lost,
// doubled or back again is seen.
import { sessions } from './connection.mjs'

const DELETIONS = 0.2 // of all keystrokes
const TOGETHER = 0.35 // of all keystrokes follow the one before in the same turn of the loop,
const NEXT_TURN = 0.3 // so many in the next turn, and the others after a pause
const LONGEST_PAUSE_MS = 30 // a PUT takes some 10 to 100: it is met by bursts and by single keystrokes
const BRISK = 40 // keystrokes; after that pauses are longer, or typists would make a slow machine slower still
const LONGEST_LATE_PAUSE_MS = 500

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
const dice = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const pause = (chance, index) => {
  const which = chance()
  if (which < TOGETHER) return undefined
  if (which < TOGETHER + NEXT_TURN) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => setTimeout(resolve, chance() * (index < BRISK ? LONGEST_PAUSE_MS : LONGEST_LATE_PAUSE_MS)))
}

/** Type the characters of `fresh`, with deletions in between, until `stopTyping`; cut the connection before keystroke `cut`. */
const typeBySeed = async ({ session: name, seed, fresh, cut, root = 'content' }) => {
  const session = sessions(name)
  const text = session.doc.getText(root)
  const chance = dice(seed)
  const done = { typed: '', deleted: '' }
  session.typing = true
  for (const [index, character] of [...fresh].entries()) {
    if (!session.typing) break
    if (index === cut) session.cut()
    let there = [...text.toString()]
    const place = () => Math.floor(chance() * (there.length + 1))
    const units = (at) => there.slice(0, at).join('').length // Yjs counts UTF-16 units
    if (there.length > 0 && chance() < DELETIONS) {
      const at = Math.min(place(), there.length - 1)
      done.deleted += there[at]
      text.delete(units(at), there[at].length)
      there = [...text.toString()]
    }
    text.insert(units(place()), character)
    done.typed += character
    await pause(chance, index)
  }
  return done
}

const stopTyping = ({ session }) => { sessions(session).typing = false }

export const commands = { typeBySeed, stopTyping }
