// One process with stock clients in it, driven by tests/clients/peer.py.
//
//   stdin   {"id": 1, "op": "open", "session": "ann", …}      one command a line
//   stdout  {"id": 1, "result": …} or {"id": 1, "error": "…"}  its answer, in any order
//           {"fault": "…"}  {"warning": "…"}                   what the client complained about, when it does
//
// A fault is what a developer would see as an error of the client: console.error, an exception nobody
// caught, a rejection nobody handled. The tests assert that there are none.
import { createInterface } from 'node:readline'
import { format } from 'node:util'
import * as chat from './chat.mjs'
import * as connection from './connection.mjs'
import * as content from './content.mjs'
import * as presence from './presence.mjs'
import * as scattered from './scattered.mjs'
import * as trace from './trace.mjs'
import * as typist from './typist.mjs'
import { wait, warnings } from './views.mjs'

const commands = {
  ...chat.commands, ...connection.commands, ...content.commands, ...presence.commands, ...scattered.commands,
  ...trace.commands, ...typist.commands, wait
}

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const fault = (...parts) => say({ fault: format(...parts) })

process.setMaxListeners(0) // every y-websocket provider listens for the exit of the process: no leak
console.error = fault
console.warn = (...parts) => {
  warnings.push(format(...parts))
  say({ warning: format(...parts) })
}
console.log = console.info = console.warn
process.on('uncaughtException', fault)
process.on('unhandledRejection', fault)

const obey = async ({ id, op, ...args }) => {
  try {
    if (!Object.hasOwn(commands, op)) throw new Error(`no command ${op}; there are ${Object.keys(commands).join(' ')}`)
    say({ id, result: (await commands[op](args)) ?? null })
  } catch (error) {
    say({ id, error: error.stack ?? String(error) })
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => obey(JSON.parse(line)))
lines.on('close', () => process.exit(0))
