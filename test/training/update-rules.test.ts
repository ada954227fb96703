import { expect, test } from 'vitest';
import { initAdam, updateAdam } from '../../lib/training/adam.ts';
import { adamRule, momentumRule } from '../../lib/training/update-rules.ts';

const settings = { learningRate: (update: number) => 0.1 / (update + 1), momentum: 0.9, weightDecay: 0 };
const parametersOf = (data: number[]) => ({ w: { shape: [data.length], data: Float32Array.from(data) } });

test('Adam’s rule makes Adam’s steps', () => {
  const gradients = [
    [3, -1],
    [0.5, 2],
  ];
  const [ours, theirs] = [parametersOf([1, 2]), parametersOf([1, 2])];
  const rule = adamRule(settings);
  const carried = rule.start(ours);
  const state = initAdam(theirs);
  for (const [update, gradient] of gradients.entries()) {
    rule.apply({ w: ours.w.data }, { w: Float32Array.from(gradient) }, carried, update, update);
    const learningRate = settings.learningRate(update);
    updateAdam({ w: theirs.w.data }, { w: Float32Array.from(gradient) }, state, { learningRate });
  }
  expect(ours).toEqual(theirs);
  expect(ours.w.data[0]).toBeLessThan(1);
});

test.each([
  ['adam', adamRule],
  ['momentum', momentumRule],
])('%s: a parameter’s own rate and decay', (_, make) => {
  const move = (rate: number, decay: number, gradient: number) => {
    const parameters = parametersOf([1]);
    const rule = make({ ...settings, weightDecay: 0.5, factors: () => ({ rate, decay }) });
    rule.apply({ w: parameters.w.data }, { w: Float32Array.of(gradient) }, rule.start(parameters), 0, 0);
    return parameters.w.data[0]! - 1;
  };
  expect(move(2, 0, 1) / move(1, 0, 1)).toBeCloseTo(2, 4);
  expect(move(1, 0, 0)).toBe(0);
  expect(move(1, 1, 0)).toBeLessThan(-0.01);
});
