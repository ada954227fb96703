/**
 * Reads a file that a module names by a `URL` relative to itself, at once: in a checkout it lies beside the module; the
 * published package carries it inside its JavaScript as a `data:` URL (`infra/package/inline-assets.ts`), so that there is nothing
 * to find for a bundler and nothing to fetch for a browser.
 */

interface NodeProcess {
  getBuiltinModule(name: 'node:fs'): { readFileSync(url: URL): Uint8Array };
}

export function readAsset(url: URL): Uint8Array {
  if (url.protocol === 'data:') return decodeBase64(url.pathname.slice(url.pathname.indexOf(',') + 1));
  // Not an import: a bundler for browsers would follow it.
  const { process } = globalThis as unknown as { readonly process: NodeProcess };
  return new Uint8Array(process.getBuiltinModule('node:fs').readFileSync(url));
}

export function decodeBase64(text: string): Uint8Array {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index);
  return bytes;
}

export function encodeBase64(bytes: Uint8Array): string {
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters);
}
