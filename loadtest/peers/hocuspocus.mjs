// A Hocuspocus server as its documentation starts it, without storage and logging. Started by loadtest/servers/hocuspocus.py.
//   PORT         where to listen on 127.0.0.1
//   VALKEY_PORT  if set: share documents with other processes through @hocuspocus/extension-redis
import { Server } from '@hocuspocus/server'
import { Redis } from '@hocuspocus/extension-redis'

const { PORT, VALKEY_PORT } = process.env

const server = new Server({
  port: Number(PORT),
  address: '127.0.0.1',
  quiet: true,
  extensions: VALKEY_PORT ? [new Redis({ host: '127.0.0.1', port: Number(VALKEY_PORT) })] : []
})

await server.listen()
console.log('ready')
