/** The optimizer's forward pass in float64, a coordinate at a time: what finite differences are taken of. */
import type { OptimizerShape, ParameterName, Preprocessing } from '../../lib/kernels/coordinatewise-lstm.ts';
import { parameterLayout } from '../../lib/kernels/coordinatewise-lstm.ts';

/** Updates [steps][coordinates] from a zero state; gradients [steps][coordinates], or [steps][2 · coordinates] prepared. */
export function unrollInFloat64(
  shape: OptimizerShape,
  parameters: ArrayLike<number>,
  gradients: readonly ArrayLike<number>[],
  preprocessing: Preprocessing,
  outputScale: number,
): number[][] {
  const { hidden } = shape;
  const { byName } = parameterLayout(shape);
  const weight = (name: ParameterName, row: number, column: number) =>
    parameters[byName[name].offset + row * (byName[name].shape[1] ?? 1) + column]!;
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

  const applyLayer = (layer: 'layer-1' | 'layer-2', x: readonly number[], h: number[], c: number[]) => {
    const z = Array.from({ length: 4 * hidden }, (_, column) => {
      let sum = parameters[byName[`${layer}/bias`].offset + column]!;
      for (const [row, value] of x.entries()) sum += value * weight(`${layer}/kernel`, row, column);
      for (const [row, value] of h.entries()) sum += value * weight(`${layer}/recurrent-kernel`, row, column);
      return sum;
    });
    for (let unit = 0; unit < hidden; unit++) {
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => z[gate * hidden + unit]!) as [number, number, number, number];
      c[unit] = sigmoid(f) * c[unit]! + sigmoid(i) * Math.tanh(g);
      h[unit] = sigmoid(o) * Math.tanh(c[unit]!);
    }
  };

  const coordinates = gradients[0]!.length / (preprocessing.kind === 'prepared' ? 2 : 1);
  const updates = gradients.map(() => new Array<number>(coordinates).fill(0));
  for (let coordinate = 0; coordinate < coordinates; coordinate++) {
    const [h1, c1, h2, c2] = [0, 1, 2, 3].map(() => new Array<number>(hidden).fill(0)) as [
      number[],
      number[],
      number[],
      number[],
    ];
    for (const [t, row] of gradients.entries()) {
      const prepared = [row[coordinate]!, row[coordinates + coordinate]!];
      const inputs = preprocessing.kind === 'prepared' ? prepared : preprocess(row[coordinate]!, preprocessing);
      applyLayer('layer-1', inputs, h1, c1);
      applyLayer('layer-2', h1, h2, c2);
      let output = parameters[byName['output/bias'].offset]!;
      for (const [unit, value] of h2.entries()) output += value * weight('output/kernel', unit, 0);
      updates[t]![coordinate] = outputScale * output;
    }
  }
  return updates;
}

function preprocess(
  gradient: number,
  preprocessing: Exclude<Preprocessing, { readonly kind: 'prepared' }>,
): readonly number[] {
  if (preprocessing.kind === 'identity') return [preprocessing.scale * gradient];
  const { p } = preprocessing;
  return Math.abs(gradient) >= Math.exp(-p)
    ? [Math.log(Math.abs(gradient)) / p, Math.sign(gradient)]
    : [-1, Math.exp(p) * gradient];
}
