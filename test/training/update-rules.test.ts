import { expect, test } from 'vitest';
import { initAdam, updateAdam } from '../../lib/training/adam.ts';
import { adamRule, keepNonPositive, momentumRule } from '../../lib/training/update-rules.ts';

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

test('weights that are kept from being positive take no other part in the rule', () => {
  const rule = momentumRule({ learningRate: () => 1, momentum: 0.5, weightDecay: 0 });
  const kept = keepNonPositive(rule, 'θ');
  const zeros = () => ({ θ: Float32Array.of(-1, -1), other: Float32Array.of(0) });
  const parameters = zeros();
  const carried = kept.start({ θ: { shape: [2], data: parameters.θ }, other: { shape: [1], data: parameters.other } });
  kept.apply(parameters, { θ: Float32Array.of(-3, 0.25), other: Float32Array.of(-2) }, carried, 0, 0);
  expect(parameters).toEqual({ θ: Float32Array.of(0, -1.25), other: Float32Array.of(2) });
});
