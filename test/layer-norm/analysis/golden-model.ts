/** The model of test/golden/normalized-linear-model.json. */
import { readFileSync } from 'node:fs';
import type { Normalization } from '../../../lib/layer-norm/analysis/normalized-layer.ts';
import type { FamilyName } from '../../../lib/layer-norm/analysis/output-families.ts';
import type { RandomModel } from '../../../lib/layer-norm/analysis/random-layer.ts';

interface Golden {
  readonly cases: number;
  readonly features: number;
  readonly inputs: readonly number[];
  readonly weights: readonly number[];
  readonly bias: readonly number[];
  readonly gain: readonly number[];
  readonly models: readonly {
    readonly normalization: Normalization;
    readonly outputs: readonly number[];
    readonly fisher: Readonly<Record<FamilyName, readonly number[]>>;
  }[];
}

export const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/normalized-linear-model.json', import.meta.url), 'utf8'),
);

export const goldenModel: RandomModel = {
  parameters: {
    weights: Float64Array.from(golden.weights),
    bias: Float64Array.from(golden.bias),
    gain: Float64Array.from(golden.gain),
  },
  cases: { count: golden.cases, features: golden.features, inputs: Float64Array.from(golden.inputs) },
};
