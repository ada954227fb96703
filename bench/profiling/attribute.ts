/** Whose time a frame's own time is. A frame that belongs to nobody by itself (V8, Node, a package) is its caller's. */
import type { CallFrame, Stack } from './cpu-profile.ts';

export const categories = [
  'kernels',
  'tensorflow-kernels',
  'models',
  'tensorflow-javascript',
  'kernel-calls',
  'datasets',
  'pipeline',
  'json',
  'garbage-collection',
  'modules',
  'native',
  'waiting',
] as const;
export type Category = (typeof categories)[number];

/** What a run is for: the kernels, and the papers' own computation. */
export const inside: readonly Category[] = ['kernels', 'tensorflow-kernels', 'models'];

/** Folders of the project, the first that fits. */
const folders: readonly (readonly [prefix: string, category: Category])[] = [
  ['lib/kernels/', 'kernel-calls'],
  ['lib/learned-optimizers/', 'models'],
  ['lib/layer-norm/', 'models'],
  ['lib/random-walk/', 'models'],
  ['lib/training/', 'models'],
  ['lib/numerics/', 'models'],
  ['lib/datasets/', 'datasets'],
  // The pipeline, its storage, the local engine, reports, and what starts them.
  ['', 'pipeline'],
];

/** V8's own frames, which have no file. */
const states: Readonly<Record<string, Category>> = {
  '(idle)': 'waiting',
  '(garbage collector)': 'garbage-collection',
  '(program)': 'native',
  '(root)': 'native',
};

/** Whose WebAssembly it is by who called it; what strips types as modules are loaded is WebAssembly too. */
const webAssemblyCategories: Readonly<Partial<Record<Category, Category>>> = {
  'kernel-calls': 'kernels',
  models: 'kernels',
  'tensorflow-javascript': 'tensorflow-kernels',
};

export interface Attribution {
  readonly category: Category;
  /** The function, and the file by which it was attributed. */
  readonly label: string;
}

/** `root`: the project's folder as an address, `file:///…/`. */
export function attribute({ frame, callers }: Stack, root: string): Attribution {
  const name = nameOf(frame);
  if (frame.url === '' && name in states) return { category: states[name]!, label: name };
  const owner = [frame, ...callers].find((candidate) => ownCategory(candidate, root) !== undefined);
  const place = describePlace(owner ?? frame, root);
  const label = owner === frame || !owner ? `${name} ${place}` : `${name} ← ${owner.functionName || 'module'} ${place}`;
  if (isJson(frame)) return { category: 'json', label };
  // What Node itself does on its own account is input and output.
  const category = owner ? ownCategory(owner, root)! : 'pipeline';
  if (!frame.url.startsWith('wasm://')) return { category, label };
  return { category: webAssemblyCategories[category] ?? category, label };
}

/** Undefined: what called the frame decides. */
function ownCategory({ url, functionName, lineNumber, columnNumber }: CallFrame, root: string): Category | undefined {
  if (url.startsWith('node:internal/modules/')) return 'modules';
  if (!url.startsWith('file:')) return undefined;
  const [, inPackage] = url.split('/node_modules/');
  if (inPackage !== undefined) return inPackage.startsWith('@tensorflow/') ? 'tensorflow-javascript' : undefined;
  if (!url.startsWith(root)) return undefined;
  // A module's body: what runs as it is loaded.
  if (functionName === '' && lineNumber === 0 && columnNumber === 0) return 'modules';
  // The caller of a pool of threads sleeps until the last of them is done.
  if (functionName === 'awaitChange') return 'waiting';
  const path = url.slice(root.length);
  return folders.find(([prefix]) => path.startsWith(prefix))![1];
}

function isJson({ url, functionName }: CallFrame): boolean {
  return url === '' && (functionName === 'parse' || functionName === 'stringify');
}

/** V8 names a regular expression by all of it. */
function nameOf({ functionName }: CallFrame): string {
  return functionName.startsWith('RegExp: ') ? 'RegExp' : functionName || 'anonymous';
}

/** A file of the project, a package, or what Node calls its own. */
function describePlace({ url }: CallFrame, root: string): string {
  const inPackage = url.split('/node_modules/').at(1);
  if (inPackage !== undefined) return /^(?:@[^/]+\/)?[^/]+/.exec(inPackage)![0];
  return url.startsWith(root) ? url.slice(root.length) : url || 'V8';
}
