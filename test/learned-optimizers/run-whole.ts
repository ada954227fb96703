import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { DatasetReader } from '../../lib/datasets/dataset.ts';
import { readLearningRate } from '../../lib/learned-optimizers/training.ts';
import type { NumericBackend } from '../../lib/numerics/backend.ts';
import type { TrainedModel, TrainingContext } from '../../lib/pipeline/context.ts';
import type { AnyExperiment, Measurement } from '../../lib/pipeline/experiment.ts';

/** 200 images of random grey squares by class, in the IDX format: enough for the code, not for a figure. */
function idx(kind: 'images' | 'labels', count = 200): Uint8Array {
  const header = kind === 'images' ? [0x803, count, 28, 28] : [0x801, count];
  const body = kind === 'images' ? count * 784 : count;
  const bytes = new Uint8Array(4 * header.length + body);
  header.forEach((value, index) => {
    new DataView(bytes.buffer).setUint32(4 * index, value);
  });
  const data = bytes.subarray(4 * header.length);
  for (let k = 0; k < body; k++) {
    if (kind === 'labels') data[k] = k % 10;
    else
      data[k] = k % 784 >= 70 * (Math.floor(k / 784) % 10) && k % 784 < 70 * (Math.floor(k / 784) % 10) + 50 ? 200 : 0;
  }
  return bytes;
}

/** Those images, under MNIST's name. */
export const dataset = async (): Promise<DatasetReader> => ({
  manifest: {
    formatVersion: 1,
    name: 'mnist',
    version: '0'.repeat(16),
    origin: 'stand-in',
    description: '',
    files: [],
  },
  file: async (name) => idx(name.includes('images') ? 'images' : 'labels'),
});

/** All stages in this process, without a store. Returns the measurements. */
export async function runWhole(
  experiment: AnyExperiment,
  params: unknown,
  backend: NumericBackend = 'wasm-plain',
): Promise<readonly Measurement[]> {
  const startTensorFlow = async () => {
    expect(backend).toBe('node-cpu');
    await tf.setBackend('cpu');
  };
  const machine = { backend, threads: 1, dataset, startTensorFlow, breathe: async () => {} } as const;
  const models = new Map<string, TrainedModel>();
  const trials = experiment.plan(params);
  for (const trial of trials) {
    let metrics: TrainedModel['metrics'] = [];
    const context: TrainingContext = {
      ...machine,
      checkpoint: undefined,
      checkpointDue: () => false,
      saveCheckpoint: async () => {},
      writeMetrics: async (rows) => {
        metrics = rows;
      },
      writeModel: async (tensors, metadata) => {
        models.set(trial.name, { tensors, metadata, metrics });
      },
      progress: ({ share }) => expect(share).toBeLessThanOrEqual(1),
    };
    await experiment.train(trial, context);
  }
  const rows: Measurement[] = [];
  for (const evaluation of experiment.evaluations(params, trials)) {
    const model = async (name: string) => {
      expect(evaluation.trials).toContain(name);
      return models.get(name)!;
    };
    rows.push(...(await experiment.evaluate(evaluation, { ...machine, model, writeImage: () => {} })));
  }
  for (const { metadata, tensors, metrics } of models.values()) {
    expect(metrics.length).toBeGreaterThan(0);
    if (metadata.kind === 'learned-optimizer') expect(tensors['output/bias']!.shape).toEqual([1]);
    else expect(readLearningRate({ metadata, tensors, metrics })).toBeGreaterThan(0);
  }
  return rows;
}
