/** Unit tests of the labextension: models with faked sockets, components as markup. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['labextension/src/**/__tests__/*.test.{ts,tsx}'],
    environment: 'happy-dom',
    setupFiles: ['labextension/scripts/vitest-setup.mjs'],
    server: { deps: { inline: [/@jupyterlab/, /@jupyter\//, /@lumino/] } }
  }
});
