/** The attentive reader's loss in float64, in loops, from its equations alone. Only for tests. */
import type { ReaderNormalization } from '../../lib/layer-norm/models/attentive-reader.ts';
import type { PaddedSequences, ReaderMinibatch } from '../../lib/layer-norm/models/reader-minibatch.ts';

type Vector = number[];
/** A row a case. */
type Matrix = Vector[];

export interface Float64Parameters {
  readonly [name: string]: { readonly shape: readonly number[]; readonly data: ArrayLike<number> };
}

const epsilon = 1e-5;
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const mean = (values: Vector) => values.reduce((sum, value) => sum + value, 0) / values.length;
const add = (...vectors: Vector[]) => vectors[0]!.map((_, k) => vectors.reduce((sum, vector) => sum + vector[k]!, 0));

/** (values − μ)/√(σ² + ε), μ and σ² over those that count. */
function standardize(values: Vector, counts: boolean[] = values.map(() => true)): Vector {
  const counted = values.filter((_, k) => counts[k]);
  const mu = mean(counted);
  const variance = mean(counted.map((value) => (value - mu) ** 2));
  return values.map((value) => (value - mu) / Math.sqrt(variance + epsilon));
}

const overRows = (matrix: Matrix) => matrix.map((row) => standardize(row));
const overCases = (matrix: Matrix, counts?: boolean[]): Matrix => {
  const columns = matrix[0]!.map((_, k) =>
    standardize(
      matrix.map((row) => row[k]!),
      counts,
    ),
  );
  return matrix.map((_, row) => columns.map((column) => column[row]!));
};

export function float64Loss(
  parameters: Float64Parameters,
  { size, passage, question, answers }: ReaderMinibatch,
  normalization: ReaderNormalization,
): number {
  const vector = (name: string) => Array.from(parameters[name]!.data);
  const times = (matrix: Matrix, name: string): Matrix => {
    const { shape, data } = parameters[name]!;
    const [rows, columns] = shape as [number, number];
    return matrix.map((row) =>
      Array.from({ length: columns }, (_, k) => {
        let sum = 0;
        for (let j = 0; j < rows; j++) sum += row[j]! * data[j * columns + k]!;
        return sum;
      }),
    );
  };
  const units = vector('attention/bias').length;

  /** Hidden states of all steps, [time][case]. */
  const encode = (name: string, { time, ids, mask }: PaddedSequences): Matrix[] => {
    const width = parameters.embedding!.shape[1]!;
    let hidden: Matrix = Array.from({ length: size }, () => new Array(units).fill(0));
    let cell = hidden;
    const outputs: Matrix[] = [];
    for (let t = 0; t < time; t++) {
      const counts = Array.from({ length: size }, (_, b) => mask[t * size + b] === 1);
      const x = Array.from({ length: size }, (_, b) =>
        Array.from({ length: width }, (_, k) => parameters.embedding!.data[ids[t * size + b]! * width + k]!),
      );
      const normalize = (matrix: Matrix, gain: string, bias?: string): Matrix => {
        if (normalization.kind === 'none') return matrix;
        const standardized = normalization.kind === 'layer' ? overRows(matrix) : overCases(matrix, counts);
        return standardized.map((row) =>
          row.map((value, k) => value * vector(`${name}/${gain}`)[k]! + (bias ? vector(`${name}/${bias}`)[k]! : 0)),
        );
      };
      const fromState = normalize(times(hidden, `${name}/recurrentKernel`), 'recurrentGain');
      const fromInput = normalize(times(x, `${name}/inputKernel`), 'inputGain');
      const z = fromState.map((row, b) => add(row, fromInput[b]!, vector(`${name}/bias`)));
      // Forget, input, output, candidate.
      const gate = (row: Vector, number: number) => row.slice(number * units, (number + 1) * units);
      const next = z.map((row, b) =>
        cell[b]!.map(
          (last, k) => logistic(gate(row, 0)[k]!) * last + logistic(gate(row, 1)[k]!) * Math.tanh(gate(row, 3)[k]!),
        ),
      );
      const shown = normalize(next, 'cellGain', 'cellBias');
      const nextHidden = z.map((row, b) => gate(row, 2).map((o, k) => logistic(o) * Math.tanh(shown[b]![k]!)));
      const carry = (fresh: Matrix, last: Matrix) => fresh.map((row, b) => (counts[b] ? row : last[b]!));
      hidden = carry(nextHidden, hidden);
      cell = carry(next, cell);
      outputs.push(hidden);
    }
    return outputs;
  };

  const everywhere = normalization.kind === 'batch' && normalization.where === 'everywhere';
  const product = (matrix: Matrix, kernel: string, gain: string, counts?: boolean[]) => {
    const result = times(matrix, kernel);
    if (!everywhere) return result;
    return overCases(result, counts).map((row) => row.map((value, k) => value * vector(`gain/${gain}`)[k]!));
  };

  const y = encode('passage', passage);
  const u = encode('question', question).at(-1)!;
  const counts = Array.from(passage.mask, (value) => value === 1);
  const ofTokens = product(y.flat(), 'attention/passageKernel', 'attentionPassage', counts);
  const ofQuestion = product(u, 'attention/questionKernel', 'attentionQuestion');
  const score = vector('attention/score');
  const scores = ofTokens.map((row, at) => {
    const m = add(row, vector('attention/bias'), ofQuestion[at % size]!).map(Math.tanh);
    return m.reduce((sum, value, k) => sum + value * score[k]!, 0);
  });
  const read = Array.from({ length: size }, (_, b) => {
    const weights = y.map((_, t) => (counts[t * size + b] ? Math.exp(scores[t * size + b]!) : 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return Array.from(
      { length: units },
      (_, k) => weights.reduce((sum, weight, t) => sum + weight * y[t]![b]![k]!, 0) / total,
    );
  });
  const fromRead = product(read, 'answer/passageKernel', 'answerPassage');
  const fromQuestion = product(u, 'answer/questionKernel', 'answerQuestion');
  const g = fromRead.map((row, b) => add(row, fromQuestion[b]!, vector('answer/bias')).map(Math.tanh));
  const logits = times(g, 'output/kernel').map((row) => add(row, vector('output/bias')));
  return mean(
    logits.map((row, b) => Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[answers[b]!]!),
  );
}
