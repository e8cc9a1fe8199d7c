import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vitest/config'

const outDir = fileURLToPath(new URL('../static', import.meta.url))
const manager = process.env.FLAMENCO_MANAGER ?? 'http://localhost:8080'

/** Removes only the page's own old assets: `web/static` also holds the add-on's zip. */
function removeOldAssets(): Plugin {
  return {
    name: 'remove-old-assets',
    apply: 'build',
    buildStart: () => rmSync(`${outDir}/assets`, { recursive: true, force: true }),
  }
}

export default defineConfig({
  base: '/app/',
  plugins: [vue(), removeOldAssets()],
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: ['index.html', 'swagger.html'] },
  },
  server: {
    proxy: {
      '/api': { target: manager, ws: true },
      '/job-files': manager,
      '/flamenco-addon.zip': manager,
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
})
