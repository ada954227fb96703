/** What a network sees of its gradients (appendix A). */
import type { GradientPreprocessing } from '../../kernels/coordinatewise-lstm.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';

/** The gradient inputs, the first columns of each row (appendix A, or a constant factor). */
export function writePreprocessed(
  gradients: FloatArray,
  preprocessing: GradientPreprocessing,
  x: FloatArray,
  width: number,
): void {
  if (preprocessing.kind === 'identity') {
    for (let k = 0; k < gradients.length; k++) x[k * width] = preprocessing.scale * gradients[k]!;
    return;
  }
  const { p } = preprocessing;
  const threshold = Math.exp(-p);
  for (let k = 0; k < gradients.length; k++) {
    const gradient = gradients[k]!;
    const isLarge = Math.abs(gradient) >= threshold;
    x[k * width] = isLarge ? Math.log(Math.abs(gradient)) / p : -1;
    x[k * width + 1] = isLarge ? Math.sign(gradient) : gradient / threshold;
  }
}
