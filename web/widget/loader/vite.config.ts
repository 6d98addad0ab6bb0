import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// `/widget.js`: a classic script, so that it knows its own address and asks nothing of the host page; beside it
// the demonstration site.
export default defineConfig({
  root: here('.'),
  publicDir: here('../public'),
  build: {
    target: 'es2020',
    outDir: here('../../dist'),
    emptyOutDir: false,
    reportCompressedSize: false,
    lib: { entry: here('main.ts'), formats: ['iife'], name: 'shoujieWidget', fileName: () => 'widget.js' },
  },
})
