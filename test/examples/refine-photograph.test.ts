/** The example as a stranger runs it: beside the package as it is published, on files of the user's own. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decode as decodePng, encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { expect, test } from 'vitest';
import { projectRoot } from '../../infra/deployable-code.ts';
import { bundlePackage } from '../../infra/package/build.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';

async function installExample(): Promise<string> {
  const folder = await newTemporaryFolder();
  const packages = join(folder, 'node_modules');
  await mkdir(join(packages, 'stepwise'), { recursive: true });
  await copyFile(join(projectRoot, 'package.json'), join(packages, 'stepwise/package.json'));
  await bundlePackage(join(packages, 'stepwise/dist'));
  for (const name of ['@tensorflow', 'fast-png', 'jpeg-js']) {
    await symlink(join(projectRoot, 'node_modules', name), join(packages, name));
  }
  await copyFile(join(projectRoot, 'examples/refine/refine-photograph.mjs'), join(folder, 'refine-photograph.mjs'));
  return folder;
}

/** Brightness of a scene: a bright disc, off the grid of blocks, on dark ground, with a ripple over both. */
function brightness(row: number, column: number, height: number, width: number): number {
  const isDisc = (row - 0.43 * height) ** 2 + (column - 0.55 * width) ** 2 < (0.31 * height) ** 2;
  return (isDisc ? 180 : 60) + 12 * Math.sin(row / 3) * Math.cos(column / 4);
}

const scene = (height: number, width: number, channels: number, write: (value: number, channel: number) => number) =>
  Array.from({ length: height * width * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    return write(brightness(Math.floor(pixel / width), pixel % width, height, width), at % channels);
  });

test('writes before.png and after.png, whose segments’ edges are sharper; reads JPEG and grey PNG of 16 bits, and makes large pictures smaller', async () => {
  const folder = await installExample();
  const run = async (...options: string[]) =>
    (await promisify(execFile)(process.execPath, ['refine-photograph.mjs', ...options], { cwd: folder })).stdout;

  const photograph = { width: 710, height: 706 };
  const rgba = scene(706, 710, 4, (value, channel) => (channel === 3 ? 255 : value + 8 * channel));
  await writeFile(join(folder, 'large.jpg'), encodeJpeg({ ...photograph, data: Buffer.from(rgba) }, 90).data);
  expect(await run('large.jpg')).toMatch(/^355 × 353 pixels, 4 classes: \d+ steps in/);

  const grey = Uint16Array.from(scene(90, 120, 1, (value) => 257 * value));
  await writeFile(join(folder, 'grey.png'), encodePng({ width: 120, height: 90, data: grey, channels: 1, depth: 16 }));
  const said = await run('grey.png');
  const [before, after] = said
    .match(/differ by ([\d.]+) before, ([\d.]+) after/)!
    .slice(1)
    .map(Number) as [number, number];
  expect(after).toBeGreaterThan(1.5 * before);
  const pictures = await Promise.all(
    ['before.png', 'after.png'].map(async (name) => decodePng(await readFile(join(folder, name)))),
  );
  for (const { width, height, channels } of pictures) expect([width, height, channels]).toEqual([120, 90, 3]);
  expect(pictures[0]!.data).not.toEqual(pictures[1]!.data);

  await expect(run()).rejects.toThrow('Use: node refine-photograph.mjs PHOTOGRAPH');
});
