/** The optimizers that are shipped, each with a model card beside its file. */
export type PretrainedName = 'mnist' | 'mnist-robust' | 'quadratics';

export const pretrainedFiles: Readonly<Record<PretrainedName, URL>> = {
  mnist: new URL('./mnist.safetensors', import.meta.url),
  'mnist-robust': new URL('./mnist-robust.safetensors', import.meta.url),
  quadratics: new URL('./quadratics.safetensors', import.meta.url),
};

export const pretrainedNames = Object.keys(pretrainedFiles) as PretrainedName[];

export function isPretrained(name: string): name is PretrainedName {
  return Object.hasOwn(pretrainedFiles, name);
}
