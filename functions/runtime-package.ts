/** Clients of the SDK that Lambda's runtime brings: for one call they are not worth a place in a bundle, or among our packages. */
import { createRequire } from 'node:module';

/**
 * Required and not imported: the runtime says by NODE_PATH where its packages are, and only `require` is bound to look there.
 *
 * @param name neither compiler nor bundler looks it up, so `Module` is what the caller needs of it
 */
export function requireRuntimePackage<Module>(name: string): Module {
  return createRequire(import.meta.url)(name);
}
