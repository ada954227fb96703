/** The part of the WebAssembly interface that is used here: the compiler's library for Node does not declare it. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** A compiled module; it can be posted to a thread. */
export type CompiledModule = object;

interface WebAssemblyInterface {
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (
    module: CompiledModule,
    imports: { readonly env: { readonly memory: SharedMemory } },
  ) => { readonly exports: unknown };
}

const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface })
  .WebAssembly;

const pageBytes = 65_536;

/** Memory of at least so many bytes, all zero, that threads can share. It never grows. */
export function allocateSharedMemory(bytes: number): SharedMemory {
  const pages = Math.max(1, Math.ceil(bytes / pageBytes));
  return new Memory({ initial: pages, maximum: pages, shared: true });
}

export function compileModule(bytes: Uint8Array): CompiledModule {
  return new Module(bytes);
}

/** `Exports` is what the caller knows of the module: nothing checks it. */
export function instantiateModule<Exports>(module: CompiledModule, memory: SharedMemory): Exports {
  return new Instance(module, { env: { memory } }).exports as Exports;
}
