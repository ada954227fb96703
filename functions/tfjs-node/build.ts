/**
 * `npm run build:tfjs-node -- [--cuda]`: compiles tfjs-node's native binding against a current TensorFlow, which
 * `--backend node` then computes with. The training image runs this too, with --cuda.
 *
 * Nothing but Node, npm, g++ and a Python with pip is needed. What is there already is not built again.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileBinding } from './compile.ts';
import { CannotBuild, ToolFailed } from './errors.ts';
import { builtFolder } from './location.ts';
import { installPackages } from './packages.ts';
import { isBuilt, stampFor, writeStamp } from './stamp.ts';
import { chooseTarget, tensorflowVersion, thisMachine } from './target.ts';
import { findTools, run } from './tools.ts';
import { unpackWheels } from './wheels.ts';

/** What check.ts must find: [3 + 12, 4 + 16, 5 + 14], of which the two largest. */
const expected = '[20,19,1,2]';

/** Builds below `root`, whose node_modules has tfjs-core. Throws CannotBuild or ToolFailed, and then leaves nothing. */
export async function buildTfjsNode(root: string, cuda: boolean, log: (line: string) => void): Promise<void> {
  const target = chooseTarget(thisMachine(), cuda);
  const stamp = await stampFor(target);
  const folder = join(root, builtFolder);
  if (await isBuilt(folder, stamp)) return log(`tfjs-node is built already, in ${folder}.`);
  const tools = await findTools();
  // Made beside its place and moved there whole; as deep in the tree, for packages are looked for above it.
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    log('tfjs-node from npm …');
    await installPackages(root, partial, tools);
    log(`TensorFlow ${await tensorflowVersion(target)} (${target.accelerator}) from PyPI …`);
    await unpackWheels(target, join(partial, 'site'), tools);
    log(`Compiling with ${tools.compiler} …`);
    await compileBinding(partial, tools);
    const { version, gpu } = await checkBinding(partial);
    await writeStamp(partial, stamp);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    log(`tfjs-node computes with TensorFlow ${version}${gpu ? ' on a GPU' : ''}, in ${folder}.`);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function checkBinding(folder: string): Promise<{ readonly version: string; readonly gpu: boolean }> {
  const check = fileURLToPath(new URL('./check.ts', import.meta.url));
  const entry = join(folder, 'node_modules/@tensorflow/tfjs-node/dist/index.js');
  const hint = 'The binding was compiled, and cannot be loaded: the lines below say why.';
  const output = await run(process.execPath, [check, entry], { hint });
  const found = /^\{.*\}$/m.exec(output)?.[0] ?? '';
  const { version, gpu, result } = JSON.parse(found || '{}');
  if (JSON.stringify(result) !== expected) {
    throw new ToolFailed(process.execPath, `${JSON.stringify(result)} in place of ${expected}`, output, hint);
  }
  return { version, gpu };
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ options: { cuda: { type: 'boolean', default: false } } });
    await buildTfjsNode(fileURLToPath(new URL('../..', import.meta.url)), values.cuda, (line) => console.error(line));
  } catch (error) {
    const expected = error instanceof CannotBuild || error instanceof ToolFailed || error instanceof TypeError;
    console.error(expected ? error.message : error);
    process.exitCode = error instanceof TypeError || error instanceof CannotBuild ? 2 : 1;
  }
}
