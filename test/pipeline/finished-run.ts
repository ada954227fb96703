/** A finished run's document and the code behind it, for tests of what is made of two of them. */
import type { RunCode } from '../../lib/pipeline/regressions/code-sources.ts';
import type { ComparedRun } from '../../lib/pipeline/regressions/regression.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';

export type Row = readonly [subject: string, step: number, seed: number, value: number | null];

export function losses(...rows: readonly Row[]): RunDocument['measurements'] {
  return rows.map(([subject, step, seed, value]) => ({ metric: 'loss', subject, step, seed, value, unit: 'nats' }));
}

export function finishedDocument(run: string, changes: Partial<RunDocument> = {}): RunDocument {
  const time = `2026-11-25T0${run.length % 10}:00:00.000Z`;
  return {
    ...{ formatVersion: 1, run, experiment: 'test/counting', preset: 'smoke', status: 'succeeded' },
    ...{ startedAt: time, finishedAt: time, params: { seeds: 2, steps: 10 }, missing: [], tables: [], remarks: [] },
    trials: { planned: 1, trained: 1, reused: 0, resumed: 0, failed: 0 },
    verdict: { outcome: 'holds', claim: 'Counting to n gives n.', reason: 'it does' },
    datasets: [{ name: 'mnist', version: '0123456789abcdef', origin: 'paper' }],
    measurements: losses(['lstm', 100, 0, 0.25], ['lstm', 100, 1, 0.35]),
    provenance: { code: 'aaaa', backend: 'wasm-relaxed', threads: 2, hardware: 'a test' },
    durations: {},
    cost: {},
    files: [],
    ...changes,
  };
}

/** Training and evaluation import what is given, by module and what is in it. */
export function runCode(training: Readonly<Record<string, string>>, evaluation = training): RunCode {
  const sources = (modules: Readonly<Record<string, string>>, packages: Readonly<Record<string, string>>) => ({
    digest: Object.values(modules).join('-'),
    modules: { ...modules },
    packages: { ...packages },
  });
  return { formatVersion: 1, training: sources(training, { zod: '4.0.0' }), evaluation: sources(evaluation, {}) };
}

export function compared(document: RunDocument, code?: RunCode): ComparedRun {
  return { document, code };
}
