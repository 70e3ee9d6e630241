// Development only: the mock server and Vite's dev server side by side.
import { spawn } from 'node:child_process'
import { createServer } from 'vite'

const port = process.env.MOCK_PORT ?? '8791'
process.env.STENO_API = `http://127.0.0.1:${port}`
const mock = spawn(process.execPath, ['dev/mock-server.mjs', '--port', port, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
const vite = await createServer()
await vite.listen()
vite.printUrls()
mock.on('exit', (code) => process.exit(code ?? 1))
process.on('SIGINT', () => mock.kill())
