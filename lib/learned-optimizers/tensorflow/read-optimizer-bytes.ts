/** Where `LearnedOptimizer.load` gets its bytes: a shipped optimizer, an address, or a file. */
import { readAsset } from '../../numerics/read-asset.ts';
import { nearestName } from '../../pipeline/nearest-name.ts';
import { isPretrained, pretrainedFiles, pretrainedNames } from '../pretrained/pretrained-files.ts';
import { UnknownOptimizer } from './errors.ts';

/** The bytes of a source and what to call it. Throws UnknownOptimizer where there is nothing to read. */
export async function readOptimizerBytes(
  source: string | URL | ArrayBuffer | Uint8Array,
): Promise<{ readonly bytes: Uint8Array; readonly name: string }> {
  if (source instanceof Uint8Array) return { bytes: source, name: `A file of ${source.length} bytes` };
  if (source instanceof ArrayBuffer)
    return { bytes: new Uint8Array(source), name: `A file of ${source.byteLength} bytes` };
  const text = String(source);
  if (isPretrained(text)) return { bytes: readAsset(pretrainedFiles[text]), name: `The shipped optimizer '${text}'` };
  if (!/[./\\:]/.test(text)) {
    const meant = nearestName(text, pretrainedNames);
    throw new UnknownOptimizer(
      `No optimizer '${text}' is shipped${meant ? `; did you mean '${meant}'?` : `; there are ${pretrainedNames.join(', ')}.`} A file's path has a slash or a dot.`,
    );
  }
  try {
    return { bytes: await readAddress(text), name: text };
  } catch (cause) {
    if (cause instanceof UnknownOptimizer) throw cause;
    throw new UnknownOptimizer(
      `The optimizer ${text} must be a file or an address that can be read: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

async function readAddress(address: string): Promise<Uint8Array> {
  // One letter is a Windows drive.
  const hasScheme = /^[a-z][a-z0-9+.-]+:/i.test(address);
  if (isNode() && (!hasScheme || address.startsWith('file:'))) {
    // A name that bundlers for browsers do not follow.
    const fileSystem = 'node:fs/promises';
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ fileSystem);
    return new Uint8Array(await readFile(hasScheme ? new URL(address) : address));
  }
  const response = await fetch(address);
  if (!response.ok)
    throw new UnknownOptimizer(`The optimizer ${address} could not be fetched: status ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

function isNode(): boolean {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };
  return process?.versions?.node !== undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
