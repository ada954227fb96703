import { describe, expect, it } from 'vitest';
import { InvalidRequest, UnknownExperiment } from '../../lib/pipeline/errors.ts';
import { runNamePattern } from '../../lib/pipeline/request.ts';
import { checkRequest } from '../../lib/pipeline/resolve.ts';
import { newRunName } from '../../lib/pipeline/run-names.ts';
import { countingRequest, testPorts } from './run-stages.ts';

const { experiments } = testPorts();
const check = (changes: Readonly<Record<string, unknown>>) =>
  checkRequest(countingRequest('one', changes), experiments);

describe('checkRequest', () => {
  it('fills in the preset, overrides, and seeds last', () => {
    const { params } = check({ preset: 'laptop', overrides: { steps: 5, seeds: 7 }, seeds: 9 });
    expect(params).toEqual({ seeds: 9, trials: 3, steps: 5, broken: [], dieAtStep: 0 });
  });

  it.each([
    [
      'an unknown experiment, with the nearest name',
      { experiment: 'test/countin' },
      UnknownExperiment,
      /Did you mean 'test\/counting'/,
    ],
    [
      'a name like no other, without a guess',
      { experiment: 'something/else' },
      UnknownExperiment,
      /^There is no experiment 'something\/else'\. 'stepwise list'/,
    ],
    ['an unknown preset', { preset: 'huge' }, InvalidRequest, /preset/],
    [
      'an unknown parameter, with the nearest name',
      { overrides: { step: 3 } },
      InvalidRequest,
      /no parameter 'step'.*Did you mean 'steps'/,
    ],
    ['a parameter out of range', { overrides: { steps: -3 } }, InvalidRequest, /steps/],
    ['a parameter of the wrong type', { overrides: { steps: 'many' } }, InvalidRequest, /steps/],
    [
      'a parameter named like a part of every object',
      { overrides: { toString: 1 } },
      InvalidRequest,
      /no parameter 'toString'/,
    ],
    ['a run name that would leave its folder', { run: '../../etc' }, InvalidRequest, /run/],
    ['a field nobody knows', { surprise: true }, InvalidRequest, /surprise/],
    ['more tolerance than all', { toleratedFailurePercentage: 101 }, InvalidRequest, /toleratedFailurePercentage/],
  ])('refuses %s', (_, changes, kind, message) => {
    expect(() => check(changes)).toThrow(kind);
    expect(() => check(changes)).toThrow(message);
  });

  it('refuses what is no object at all', () => {
    for (const rubbish of [undefined, null, 3, 'run', []])
      expect(() => checkRequest(rubbish, experiments)).toThrow(InvalidRequest);
  });
});

describe('newRunName', () => {
  it('sorts by time and is a run name', () => {
    const name = (time: number) => newRunName('learned-optimizers/mnist', 'laptop', new Date(time), 'a0b1');
    expect(name(Date.UTC(2026, 10, 24, 8, 6, 12, 317))).toBe('20261124-080612-317-mnist-laptop-a0b1');
    expect(name(0)).toMatch(runNamePattern);
    expect(name(999) < name(1000)).toBe(true);
  });
});
