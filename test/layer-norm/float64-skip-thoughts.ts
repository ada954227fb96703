/** The loss of skip-thoughts in float64, unit by unit: what the tensors and their gradient are compared with. */
import type { PaddedSentences, TripleMinibatch } from '../../lib/layer-norm/models/sentence-triples.ts';

type Parameters = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>;

const epsilon = 1e-5;

export function float64DecodingLoss(
  parameters: Parameters,
  { previous, current, next }: TripleMinibatch,
  normalization: 'none' | 'layer',
): number {
  const units = parameters['encoder/recurrentKernel']!.shape[0]!;
  let loss = 0;
  for (let column = 0; column < current.batch; column++) {
    let vector = Array.from({ length: units }, () => 0);
    for (const id of sentenceOf(current, column)) {
      vector = gruStep(parameters, 'encoder', row(parameters, 'words', id), vector, normalization);
    }
    for (const [decoder, sentences] of [
      ['previous', previous],
      ['next', next],
    ] as const) {
      let state = vector;
      let input = row(parameters, 'words', 0).map(() => 0);
      for (const id of sentenceOf(sentences, column)) {
        state = gruStep(parameters, decoder, input, state, normalization);
        const scores = Array.from({ length: parameters.outputKernel!.shape[0]! }, (_, word) =>
          row(parameters, 'outputKernel', word).reduce(
            (sum, weight, unit) => sum + weight * state[unit]!,
            parameters.outputBias!.data[word]!,
          ),
        );
        loss += Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[id]!;
        input = row(parameters, 'words', id);
      }
    }
  }
  return loss;
}

function sentenceOf({ ids, mask, batch, time }: PaddedSentences, column: number): number[] {
  return Array.from({ length: time }, (_, step) => step * batch + column)
    .filter((place) => mask[place] === 1)
    .map((place) => ids[place]!);
}

function row(parameters: Parameters, name: string, index: number): number[] {
  const { shape, data } = parameters[name]!;
  return Array.from({ length: shape[1]! }, (_, column) => data[index * shape[1]! + column]!);
}

/** Eqs 26–28; z and r in the first and second third of the columns, the candidate in the last. */
function gruStep(
  parameters: Parameters,
  name: string,
  x: readonly number[],
  h: readonly number[],
  normalization: 'none' | 'layer',
): number[] {
  const units = h.length;
  const of = (parameter: string) => parameters[`${name}/${parameter}`]!;
  const product = (values: readonly number[], kernel: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, k) =>
      values.reduce((sum, value, i) => sum + value * of(kernel).data[i * 3 * units + from + k]!, 0),
    );
  const normalized = (values: number[], gain: string, from: number) => {
    if (normalization === 'none') return values;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return values.map((value, k) => (of(gain).data[from + k]! * (value - mean)) / Math.sqrt(variance + epsilon));
  };
  const part = (values: readonly number[], kernel: string, gain: string, from: number, to: number) =>
    normalized(product(values, kernel, from, to), gain, from);
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

  const gatesX = part(x, 'inputKernel', 'inputGain', 0, 2 * units);
  const gatesH = part(h, 'recurrentKernel', 'recurrentGain', 0, 2 * units);
  const gates = gatesX.map((value, k) => sigmoid(value + gatesH[k]! + of('bias').data[k]!));
  const candidateX = part(x, 'inputKernel', 'inputGain', 2 * units, 3 * units);
  const candidateH = part(h, 'recurrentKernel', 'recurrentGain', 2 * units, 3 * units);
  return h.map((last, unit) => {
    const recurrent = candidateH[unit]! + of('candidateRecurrentBias').data[unit]!;
    const candidate = Math.tanh(
      candidateX[unit]! + of('bias').data[2 * units + unit]! + gates[units + unit]! * recurrent,
    );
    return last + gates[unit]! * (candidate - last);
  });
}
