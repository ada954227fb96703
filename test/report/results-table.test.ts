import { describe, expect, it } from 'vitest';
import { InvalidRecordedResult, MarkersMissing } from '../../lib/report/errors.ts';
import { formatRecordedResult, parseRecordedResult, recordResult } from '../../lib/report/recorded-result.ts';
import { renderResultsTable, renderStatusTable, replaceBetweenMarkers } from '../../lib/report/results-table.ts';
import { sampleDocument, sampleExperiment } from './sample-report.ts';

const commit = '0123456789abcdef0123456789abcdef01234567+';
const recorded = recordResult({ ...sampleDocument, verdict: sampleDocument.verdict! }, { commit, date: '2026-11-24' });

describe('a recorded result', () => {
  it('survives its file, keeps means instead of seeds, and one measurement a line', () => {
    const text = formatRecordedResult(recorded);
    expect(parseRecordedResult('x.json', text)).toEqual(recorded);
    expect(recorded.measurements).toHaveLength(100);
    expect(recorded.measurements.find(({ subject, step }) => subject === 'sgd' && step === 100)).toMatchObject({
      count: 4,
      diverged: 1,
    });
    expect(text).toMatch(/^ {4}\{"metric":"loss","subject":"lstm","step":5,.*\},$/m);
    expect(recorded.machine).toBe(sampleDocument.provenance.hardware);
  });

  it.each([
    ['{', 'not JSON'],
    ['{"formatVersion":2}', 'formatVersion'],
  ])('that is %s is refused by its name', (text, problem) => {
    expect(() => parseRecordedResult('docs/results/x.json', text)).toThrow(InvalidRecordedResult);
    expect(() => parseRecordedResult('docs/results/x.json', text)).toThrow(
      new RegExp(`docs/results/x.json.*${problem}`),
    );
  });
});

it('the results table says what it takes to repeat a result, then the numbers beside the paper’s', () => {
  const earlier = {
    ...recorded,
    experiment: 'layer-norm/draw',
    verdict: { ...recorded.verdict, outcome: 'inconclusive' as const },
  };
  const table = renderResultsTable([recorded, earlier]);
  expect(table).toContain(
    '| [learned-optimizers/mnist](docs/results/learned-optimizers/mnist.json) | ✅ holds | laptop | 5 | 7 min 50 s | mnist (paper) | `0123456+` | 2026-11-24 | 2 × AMD EPYC',
  );
  expect(table.indexOf('layer-norm/draw')).toBeLessThan(table.indexOf('learned-optimizers/mnist'));
  expect(table).toContain('❔ inconclusive');
  expect(table).toContain('| NAG | 0.381 | 0.34 | 0.100 |');
  expect(table).toMatch(/<details><summary><b>layer-norm\/draw<\/b>: ❔ inconclusive<\/summary>\n\nAt step 100/);
});

it('the status table has what is built, what it said, and what is planned', () => {
  const table = renderStatusTable(
    [sampleExperiment, { ...sampleExperiment, name: 'learned-optimizers/quadratics' }],
    [recorded],
    [
      { name: 'learned-optimizers/cifar', place: 'Figure 7' },
      { name: 'learned-optimizers/mnist', place: 'Figure 4' },
    ],
  );
  expect(
    table
      .split('\n')
      .slice(2)
      .map((line) => line.split(' | ').at(-1)),
  ).toEqual(['✅ holds (laptop) |', 'built, not recorded |', 'planned |']);
});

it('replaces between markers, once and no further', () => {
  const text = 'a\n<!-- results:begin -->\nold\n<!-- results:end -->\nb\n';
  const replaced = replaceBetweenMarkers(text, 'results', 'new\n');
  expect(replaced).toBe('a\n<!-- results:begin -->\nnew\n<!-- results:end -->\nb\n');
  expect(replaceBetweenMarkers(replaced, 'results', 'new')).toBe(replaced);
  for (const broken of ['', '<!-- results:end --><!-- results:begin -->', text + text])
    expect(() => replaceBetweenMarkers(broken, 'results', 'new')).toThrow(MarkersMissing);
});
