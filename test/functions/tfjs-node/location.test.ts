import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bindingFile, builtFolder, findTfjsNode, tfjsNode } from '../../../functions/tfjs-node/location.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwise-location-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function install(root: string, withBinding: boolean): Promise<string> {
  const at = join(root, 'node_modules', tfjsNode);
  const files = ['package.json', 'dist/index.js', ...(withBinding ? [bindingFile] : [])];
  for (const file of files) {
    await mkdir(dirname(join(at, file)), { recursive: true });
    await writeFile(join(at, file), file === 'package.json' ? '{"main":"dist/index.js"}' : '');
  }
  return join(at, 'dist/index.js');
}

describe('where tfjs-node is found', () => {
  test('nowhere, and not where its binding is missing', async () => {
    const root = join(folder, 'without-binding');
    expect(findTfjsNode([root])).toBeUndefined();
    await install(root, false);
    expect(findTfjsNode([root])).toBeUndefined();
  });

  test('in node_modules where npm could download it, and what was built before that', async () => {
    const root = join(folder, 'with-binding');
    const fromNpm = await install(root, true);
    expect(findTfjsNode([root])).toBe(fromNpm);
    const built = await install(join(root, builtFolder), true);
    expect(findTfjsNode([root])).toBe(built);
    expect(findTfjsNode([join(folder, 'elsewhere'), root])).toBe(built);
  });
});
