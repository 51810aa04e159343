// What the partner apps of this folder have in common: settings from the environment, and a server whose handlers return what to answer.
import { createServer } from 'node:http'

export const settings = {
  issuer: new URL(process.env.ISSUER),
  clientID: process.env.CLIENT_ID,
  clientSecret: process.env.CLIENT_SECRET,
  base: process.env.BASE,
  callback: process.env.BASE + '/callback',
  signedOut: process.env.BASE + '/signed-out',
}

// serve answers each path with its handler's result: a URL is a redirect, all else is JSON. An error is a 500 with all that the library says.
export function serve(handlers) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, settings.base)
    try {
      const handler = handlers[url.pathname]
      if (!handler) {
        response.writeHead(404).end()
        return
      }
      const answer = await handler(url, request)
      if (answer instanceof URL) {
        response.writeHead(303, { location: answer.href }).end()
      } else {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      }
    } catch (error) {
      console.error(error)
      response.writeHead(500).end(`${error.stack}\n${JSON.stringify(error)} ${error.cause}\n${JSON.stringify(error.cause)}`)
    }
  })
  server.listen(Number(new URL(settings.base).port), '127.0.0.1')
}

// form reads a posted form.
export async function form(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
