/** Errors of the numerics. */
import { InputError, RunError } from '../errors.ts';

/** Bytes that should be a safetensors file are none that this version reads. */
export class InvalidSafetensors extends InputError {
  constructor(problem: string, options?: ErrorOptions) {
    super(
      `Not a safetensors file that can be read: ${problem}. It was cut off, changed, or written by something else.`,
      options,
    );
  }
}

/** Tensors that no safetensors file can hold: a mistake of the program that made them. */
export class UnwritableTensors extends RunError {
  constructor(problem: string) {
    super(`These tensors cannot be written as safetensors: ${problem}.`);
  }
}
