/**
 * What a Lambda need not load before it can answer: esbuild plugins for bundles. A cold start is paid for by whoever waits
 * for it, and most of it is compiling code that nobody calls.
 */
import type { Plugin } from 'esbuild';

/** Zod brings its messages in fifty languages, more than half of its code. We use English, which is another module. */
export const englishOnly: Plugin = {
  name: 'english-only',
  setup(build) {
    build.onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer }) =>
      /[\\/]zod[\\/]/.test(importer) ? { path: 'none', namespace: 'locales' } : undefined,
    );
    build.onLoad({ filter: /^none$/, namespace: 'locales' }, () => ({ contents: 'export {};' }));
  },
};

/**
 * `import … from 'node:http'` reads every property of the module, and some of them load a second HTTP client (undici) when
 * they are read: 15 ms for nothing. Asked for as an object, only what is used is read.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^(node:)?https?$/ }, ({ path }) => ({
      path: path.replace(/^(node:)?/, 'node:'),
      namespace: 'builtin',
    }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * TensorFlow.js brings a fetch from before Node had one, and with it a third of a megabyte for reading addresses, for models that it
 * would load from the network: 3 ms of a start.
 */
export const builtInFetch: Plugin = {
  name: 'built-in-fetch',
  setup(build) {
    build.onResolve({ filter: /^node-fetch$/ }, ({ path }) => ({ path, namespace: 'built-in-fetch' }));
    build.onLoad({ filter: /.*/, namespace: 'built-in-fetch' }, () => ({
      contents: 'module.exports = globalThis.fetch;',
    }));
  },
};
