/** Where `npm run fetch:stand-ins` puts what stands in for datasets, a folder each: in the checkout, and never committed. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const defaultStandInsFolder = fileURLToPath(new URL('../../../.stand-ins', import.meta.url));

export function standInFolder(dataset: string, standInsFolder = defaultStandInsFolder): string {
  return join(standInsFolder, dataset);
}
