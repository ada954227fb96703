/** Where `npm run fetch:stand-ins` puts what stands in for a dataset: a folder of the checkout that is never committed. */
import { fileURLToPath } from 'node:url';

export function standInFolder(dataset: string): string {
  return fileURLToPath(new URL(`../../../.stand-ins/${dataset}`, import.meta.url));
}
