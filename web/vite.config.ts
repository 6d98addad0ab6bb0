import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import type { ProxyOptions } from 'vite'
import { defineConfig } from 'vitest/config'

// `npm run dev` talks to a running server; the built console is embedded in it.
const server = process.env.SHOUJIE_SERVER ?? 'http://127.0.0.1:8080'

// A stream whose server died ends here too, as it does behind any other proxy.
const toServer: ProxyOptions = {
  target: server,
  changeOrigin: false,
  configure: (proxy) => void proxy.on('proxyRes', (from, _request, to) => void from.on('close', () => !from.complete && to.destroy())),
}

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  server: {
    port: 5173,
    proxy: {
      '/api': toServer,
      '/sip': { target: server, ws: true, changeOrigin: false },
      // As built; to work on the frame itself: `npm run dev:widget`.
      '^/(widget|site)(/|\\.js)': { target: server, changeOrigin: false },
    },
  },
  build: {
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  test: { environment: 'node', include: ['tests/unit/**/*.test.ts'] },
})
