/** Loads the compiled `assembly/multilayer-perceptron.ts`. */
import { readFileSync } from 'node:fs';
import { type CompiledModule, compileModule } from './web-assembly.ts';

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

const relaxedBinary = new URL('./build/multilayer-perceptron.relaxed.wasm', import.meta.url);
const plainBinary = new URL('./build/multilayer-perceptron.plain.wasm', import.meta.url);

interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: CompiledModule, imports: object) => { readonly exports: unknown };
}
const { Memory, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly;

const pageBytes = 65_536;

/** Instantiates the kernel over a memory of its own, of at least this many bytes, all zero above the constants. */
export function loadMultilayerPerceptronBinary(
  memoryBytes: number,
  relaxed: boolean,
): { readonly kernel: MultilayerPerceptronExports; readonly buffer: ArrayBuffer } {
  const module = compileModule(readFileSync(relaxed ? relaxedBinary : plainBinary));
  // Not shared: a step is too short to be worth a second thread.
  const memory = new Memory({ initial: Math.ceil(memoryBytes / pageBytes) });
  return {
    kernel: new Instance(module, { env: { memory } }).exports as MultilayerPerceptronExports,
    buffer: memory.buffer,
  };
}
