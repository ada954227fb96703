/** Loads the compiled `assembly/multilayer-perceptron.ts`. */
import { readFile } from 'node:fs/promises';

type Kernel<Count extends readonly unknown[]> = (...offsetsAndSizes: { [K in keyof Count]: number }) => void;
type Numbers = readonly [number, number, number];

/** What the module exports: byte offsets into the memory, and sizes. The assembly source says what each takes. */
export interface MultilayerPerceptronExports {
  listNonzeroPixels: Kernel<[...Numbers, ...Numbers]>;
  sparseForward: Kernel<[...Numbers, ...Numbers, number, number]>;
  sparseBackward: Kernel<[...Numbers, ...Numbers, number]>;
  denseForward: Kernel<[...Numbers, ...Numbers, number, number]>;
  denseBackward: Kernel<[...Numbers, ...Numbers, ...Numbers]>;
  sumRows: Kernel<[...Numbers, number]>;
  sigmoidForward: Kernel<[number, number]>;
  sigmoidBackward: Kernel<Numbers>;
  reluForward: Kernel<[number, number]>;
  reluBackward: Kernel<Numbers>;
  softmaxCrossEntropy(
    logits: number,
    labels: number,
    batch: number,
    classes: number,
    width: number,
    delta: number,
  ): number;
}

/** The part of the WebAssembly interface that is used here; the compiler's library for Node does not declare it. */
interface Memory {
  readonly buffer: SharedArrayBuffer;
}
interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number; readonly shared: true }) => Memory;
  instantiate(
    bytes: Uint8Array,
    imports: { readonly env: { readonly memory: Memory } },
  ): Promise<{ readonly instance: { readonly exports: unknown } }>;
}
const { Memory, instantiate } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly;

const pageBytes = 65_536;

const relaxedBinary = new URL('./build/multilayer-perceptron.relaxed.wasm', import.meta.url);
const plainBinary = new URL('./build/multilayer-perceptron.plain.wasm', import.meta.url);

/** Instantiates the kernel over a memory of its own, of at least this many bytes, all zero above the constants. */
export async function loadMultilayerPerceptronBinary(
  memoryBytes: number,
  relaxed: boolean,
): Promise<{ readonly kernel: MultilayerPerceptronExports; readonly buffer: SharedArrayBuffer }> {
  const pages = Math.ceil(memoryBytes / pageBytes);
  // All kernels are compiled for shared memory, whether they use threads or not.
  const memory = new Memory({ initial: pages, maximum: pages, shared: true });
  const { instance } = await instantiate(await readFile(relaxed ? relaxedBinary : plainBinary), { env: { memory } });
  return { kernel: instance.exports as MultilayerPerceptronExports, buffer: memory.buffer };
}
