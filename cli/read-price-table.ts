/** `--prices FILE`: prices of one's own, read before anything begins. */
import { readFile } from 'node:fs/promises';
import { type PriceTable, parsePrices } from '../lib/pipeline/cost/prices.ts';
import { InvalidPrices } from '../lib/pipeline/errors.ts';
import { keys } from '../lib/pipeline/keys.ts';
import { InvalidUsage } from './errors.ts';

/** Undefined where none is named. Throws InvalidPrices, and InvalidUsage for a run on AWS, which cannot see the file. */
export async function readPriceTable(options: {
  readonly prices?: string;
  readonly engine?: 'local' | 'aws';
  readonly store?: string;
}): Promise<PriceTable | undefined> {
  const { prices: file, engine, store } = options;
  if (file === undefined) return undefined;
  if (engine === 'aws')
    throw new InvalidUsage(
      `--prices is read on this machine, and the run is on AWS. Put the file into its bucket: aws s3 cp ${file} ${store ?? 's3://BUCKET'}/${keys.prices()}`,
    );
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InvalidPrices(file, `it cannot be read (${error.code})`);
  });
  return parsePrices(text, file);
}
