import { describe, expect, it } from 'vitest';
import { contestantsOf, standingOf, traitsOf } from '../../web/speed.ts';
import { ahead, alone, beaten } from './sample-benchmarks.ts';

describe('standingOf', () => {
  it('asks the peers that are not ours, by the unit’s direction', () => {
    expect([ahead, beaten, alone].map(standingOf)).toEqual(['ours ahead', 'a peer ahead', 'no peer']);
    expect(standingOf({ ...ahead, peers: { 'our plain step': 1 } })).toBe('no peer');
    expect(standingOf({ ...ahead, peers: { scipy: 2 } })).toBe('ours ahead');
  });
});

describe('traitsOf', () => {
  it('says where the bound is missed', () => {
    expect([ahead, beaten].map(traitsOf)).toEqual([['ours ahead'], ['a peer ahead', 'bound missed']]);
  });
});

describe('contestantsOf', () => {
  const told = (row: typeof ahead) => contestantsOf(row).map(({ name, kind, share }) => [name, kind, share]);

  it('gives the faster the longer bar, of a time and of a rate', () => {
    expect(told(ahead)).toEqual([
      ['Stepwise', 'ours', 0.5],
      ['scipy', 'peer', 0.125],
      ['our plain step', 'another of ours', 0.625],
      ['physical limit', 'physical limit', 1],
    ]);
    expect(told(beaten)).toEqual([
      ['Stepwise', 'ours', 0.0625],
      ['scipy', 'peer', 0.015625],
      ['JAX <fast>', 'peer ahead', 1],
      ['physical limit', 'physical limit', 0.09375],
    ]);
  });

  it('bears times that were rounded to 0', () => {
    expect(told({ ...alone, ours: 0, peers: { scipy: 1 } }).map(([, , share]) => share)).toEqual([1, 0]);
    expect(told({ ...alone, peers: { scipy: 0 } }).map(([, , share]) => share)).toEqual([0, 1]);
  });
});
