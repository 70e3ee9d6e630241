import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// The API to talk to while developing; `npm run dev:mock` sets it to the mock server.
const api = process.env.STENO_API ?? 'http://127.0.0.1:8787'

export default defineConfig({
  plugins: [react()],
  server: { host: '127.0.0.1', proxy: { '/api': { target: api, changeOrigin: true } } },
  build: {
    target: 'es2022',
    // Nothing inline: the server sends `Content-Security-Policy: default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // One file, about 280 KB compressed, served from the machine at hand.
    chunkSizeWarningLimit: 900,
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
