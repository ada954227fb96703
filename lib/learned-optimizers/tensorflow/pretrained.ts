/** The optimizers that are shipped, each with a model card beside its file. */
export type PretrainedName = 'mnist' | 'quadratics';

export const pretrainedFiles: Readonly<Record<PretrainedName, URL>> = {
  mnist: new URL('../pretrained/mnist.safetensors', import.meta.url),
  quadratics: new URL('../pretrained/quadratics.safetensors', import.meta.url),
};

export const pretrainedNames = Object.keys(pretrainedFiles) as PretrainedName[];

export function isPretrained(name: string): name is PretrainedName {
  return Object.hasOwn(pretrainedFiles, name);
}
