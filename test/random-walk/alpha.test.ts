import { compile } from 'vega-lite';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';
import { type Measurement, presetNames } from '../../lib/pipeline/experiment.ts';
import { mostProbableLabels } from '../../lib/random-walk/evaluation/most-probable-labels.ts';
import { alpha as experiment } from '../../lib/random-walk/experiments/alpha.ts';
import { alphaMetrics, earlySteps, subjectOf } from '../../lib/random-walk/experiments/alpha-metrics.ts';
import { evaluateAlpha } from '../../lib/random-walk/experiments/evaluate-alpha.ts';
import { countDifferentLabels, LabelMeasures, labelMetrics } from '../../lib/random-walk/experiments/label-measures.ts';
import { segmentationTrial } from '../../lib/random-walk/experiments/network-params.ts';
import { validationPictures } from '../../lib/random-walk/experiments/validation-pictures.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { walkSteps } from '../../lib/random-walk/reference/walk.ts';
import type { Datasets } from '../layer-norm/run-experiment.ts';
import { runExperiment } from '../layer-norm/run-experiment.ts';
import { openScenes } from './scenes.ts';
import { evaluationContext, trainVaried } from './varied-labels.ts';

const { smoke } = experiment.presets;
let scenes: Datasets;
beforeAll(async () => {
  await startTensorFlow(detectWasmBackend());
  scenes = await openScenes();
});

describe('alpha', () => {
  test('has valid presets, and trains what the other experiments of these networks train', () => {
    for (const name of presetNames) expect(experiment.params.parse(experiment.presets[name])).toBeTruthy();
    expect(experiment.plan(smoke)).toEqual([segmentationTrial(smoke, 'large-fov', 0)]);
    expect(experiment.datasets).toEqual([{ name: 'voc-segmentation' }]);
    expect(() => experiment.params.parse({ ...smoke, otherDiffusions: [1] })).toThrow();
  });

  test('runs, and its summary has a row for each weight and charts that compile', async () => {
    const { rows } = await runExperiment(experiment, smoke, scenes);
    const { verdict, tables, charts, remarks } = experiment.summarize(rows, smoke);
    expect(verdict.reason).toContain('Wrong scale: 4 pictures to train on and 2');
    expect(tables.map(({ rows }) => rows.map((cells) => cells.find((cell) => typeof cell === 'number')))).toEqual([
      [0, 0.01, 0.9, 0.99],
      [0, 0.01, 0.9, 0.99],
      [0.01, 0.9, 0.99, 0.01, 0.9, 0.99],
    ]);
    for (const { spec } of charts) expect(compile(spec as never).spec.marks).toBeTruthy();
    expect(remarks!.join(' ')).toMatch(/affinities of colours: the mean IoU is highest, \d+\.\d\d %, (without|at)/);
    expect(remarks!.join(' ')).toContain('The 4 classes are sky, ground, disc, box.');
  });

  test('measures the walk of the reference, in float64 and by its steps', async () => {
    const trial = segmentationTrial(smoke, 'large-fov', 0);
    const model = await trainVaried(experiment, trial, scenes);
    const context = evaluationContext(model, scenes);
    const radius = 2;
    const rows = await evaluateAlpha(
      {
        ...{ name: '', trials: [trial.name], trial, validationImages: 1, diffusions: [0, 0.01, 0.95], radius },
        ...{ colourWeight: -15, fixedPointImages: 1 },
      },
      context,
    );
    for await (const validated of validationPictures(trial, model, 1, context)) {
      const { height, width, classes, channels, scores, features } = validated.segment('random-walk');
      const grid = { height, width, neighbourhood: createNeighbourhood(radius) };
      const weights = model.tensors['random-walk/affinity/weights']!.data as Float32Array;
      expect(weights.length).toBe(channels);
      const affinities = pixelAffinities(grid, features, weights);
      const labelsAfter = (diffusion: number, steps: number) => {
        const y = walkSteps(grid, affinities, scores, classes, { diffusion, steps });
        return mostProbableLabels({ height, width, classes, data: Float32Array.from(y) });
      };
      for (const [diffusion, steps] of [[0.01, 3] as const, [0.95, 250] as const]) {
        const [before, early, limit] = [0, earlySteps, steps].map((count) => labelsAfter(diffusion, count));
        const changed = countDifferentLabels(before!, limit!) / before!.labels.length;
        const changedLate = countDifferentLabels(early!, limit!) / before!.labels.length;
        const measures = new LabelMeasures(classes);
        measures.add(validated.picture, limit!);
        const expected = measures.measurements({ subject: '', step: diffusion, seed: 0 });
        const at = (metric: string) => valueAt(rows, metric, diffusion);
        expect(at(alphaMetrics.changed)).toBeCloseTo(changed, 3);
        expect(at(alphaMetrics.changedLate)).toBeCloseTo(changedLate, 3);
        for (const { metric, value } of expected) expect(at(metric)).toBeCloseTo(value, 3);
        if (diffusion > 0.5) expect([changed, changedLate].every((share) => share > 0.002)).toBe(true);
      }
    }
    // α^(t+1) ≤ 1e-3 is sure after two steps and after 134; scores that vary over the picture do not make it much fewer.
    expect(valueAt(rows, alphaMetrics.fixedPointSteps, 0.01)).toBeLessThanOrEqual(3);
    expect(valueAt(rows, alphaMetrics.fixedPointSteps, 0.95)).toBeGreaterThan(40);
    expect(valueAt(rows, alphaMetrics.fixedPointSteps, 0.95)).toBeLessThanOrEqual(135);
    expect(valueAt(rows, alphaMetrics.changed, 0)).toBe(0);
    expect(rows.find(({ metric }) => metric === labelMetrics.trimapError)!.value).toBeGreaterThan(0);
  });
});

function valueAt(rows: readonly Measurement[], metric: string, diffusion: number): number {
  const subject = subjectOf('trained', 'scores');
  return rows.find((row) => row.metric === metric && row.subject === subject && row.step === diffusion)!.value;
}
