// OpenAI's own client, asked by tests/streams/test_openai.py: `node openai.mjs URL KEY`; one JSON line with what it got.
import OpenAI from 'openai'

const [url, apiKey] = process.argv.slice(2)
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
const messages = [{ role: 'user', content: 'Hello from Node' }]
const said = { streamed: '', usage: null, finish: null }
const stream = await client.chat.completions.create({ model: 'auto', messages, stream: true, stream_options: { include_usage: true } })
for await (const chunk of stream) {
  said.streamed += chunk.choices[0]?.delta?.content ?? ''
  said.finish = chunk.choices[0]?.finish_reason ?? said.finish
  said.usage = chunk.usage ?? said.usage
}
const whole = await client.chat.completions.create({ model: 'auto', messages })
said.whole = whole.choices[0].message.content
said.models = (await client.models.list()).data.map(model => model.id)
try {
  await new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 }).models.list()
} catch (error) {
  said.refused = [error.status, error.code]
}
console.log(JSON.stringify(said))
