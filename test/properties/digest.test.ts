/** What addresses artifacts: equal for equal things however they are written, different for different ones. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetVersion } from '../../lib/datasets/dataset-version.ts';
import { canonicalJson, digestArtifact, digestJson } from '../../lib/pipeline/digest.ts';
import './seed.ts';

/** The same value with the members of all its objects in another order. */
function shuffled(value: unknown, order: (names: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, order));
  if (typeof value !== 'object' || value === null) return value;
  const entries = order(Object.keys(value)).map((name) => [
    name,
    shuffled((value as Record<string, unknown>)[name], order),
  ]);
  return Object.fromEntries(entries);
}

const json = fc.jsonValue({ maxDepth: 4 });

describe('canonical JSON', () => {
  test('is JSON of the same value, whatever order its members came in', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        // −0 is 0 in JSON.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(value, (names) => names.toReversed()))).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('of two values is the same only where the values are', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const isSame = canonicalJson(JSON.parse(JSON.stringify(a))) === canonicalJson(JSON.parse(JSON.stringify(b)));
        expect(digestJson(a) === digestJson(b)).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an artifact’s digest', () => {
  const made = fc.record({
    experiment: fc.constantFrom('a/b', 'a/c'),
    trial: fc.record({
      name: fc.constantFrom('x', 'y'),
      seed: fc.nat(3),
      rate: fc.double({ noNaN: true, noDefaultInfinity: true }),
    }),
    datasets: fc.uniqueArray(fc.record({ name: fc.constantFrom('m', 'n'), version: fc.constantFrom('0', '1') }), {
      selector: ({ name }) => name,
    }),
    backend: fc.constantFrom('wasm-plain' as const, 'wasm-relaxed' as const),
    code: fc.constantFrom('0', '1'),
  });

  test('changes with everything that decides its bits, and with nothing else', () => {
    fc.assert(
      fc.property(made, made, fc.nat(8), fc.constantFrom('g', undefined), (one, other, cpus, group) => {
        const digest = digestArtifact(one);
        expect(digest).toMatch(/^[0-9a-f]{32}$/);
        const trial = { ...one.trial, cpus: 1 + cpus, ...(group && { group }) };
        expect(digestArtifact({ ...one, trial, datasets: one.datasets.toReversed() })).toBe(digest);
        const sorted = ({ datasets, ...rest }: typeof one) =>
          canonicalJson({ ...rest, datasets: datasets.toSorted((a, b) => (a.name < b.name ? -1 : 1)) });
        expect(digestArtifact(other) === digest).toBe(sorted(one) === sorted(other));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a dataset’s version', () => {
  const files = fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b', 'a/b', 'c'), sha256: fc.constantFrom('0'.repeat(64), '1'.repeat(64)) }),
    { selector: ({ name }) => name, minLength: 1 },
  );

  test('is that of its files’ names and contents, in whatever order they are listed', () => {
    fc.assert(
      fc.property(files, files, (one, other) => {
        expect(datasetVersion(one.toReversed())).toBe(datasetVersion(one));
        const named = (list: typeof one) => JSON.stringify(list.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
        expect(datasetVersion(one) === datasetVersion(other)).toBe(named(one) === named(other));
      }),
      { numRuns: 1000 },
    );
  });
});
