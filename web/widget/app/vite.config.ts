import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const server = process.env.SHOUJIE_SERVER ?? 'http://127.0.0.1:8080'

// `/widget/`: the page inside the frame. No framework: it is loaded by telephones on a poor line.
export default defineConfig({
  root: here('.'),
  base: '/widget/',
  server: { port: 5174, proxy: { '/api': { target: server, changeOrigin: false } } },
  build: {
    target: 'es2020',
    outDir: here('../../dist/widget'),
    emptyOutDir: true,
    reportCompressedSize: false,
    modulePreload: false,
  },
})
