import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../lib/report/encode-png.ts';
import { InvalidImage } from '../../lib/report/errors.ts';
import { renderReport } from '../../lib/report/render-report.ts';
import { sampleDocument, sampleExperiment, sampleSummary } from './sample-report.ts';

const render = (change: Partial<typeof sampleDocument> = {}, summary: Partial<typeof sampleSummary> = {}) =>
  renderReport({
    document: { ...sampleDocument, ...change },
    summary: { ...sampleSummary, ...summary },
    experiment: sampleExperiment,
  });

describe('renderReport', () => {
  it('says the verdict first, then everything a reader needs, in both forms', async () => {
    const { html, markdown } = await render();
    const inOrder = [
      '<span class="badge">holds</span>',
      sampleExperiment.claim,
      'best hand-written optimizer (NAG)',
      '<svg',
      '<strong>Learning curves on MNIST',
      'Paper’s figure, nats',
      'Spread over seeds',
      '4 + 1 diverged',
      'Against the last run',
      '−39 %',
      'random quarter of the coordinates',
      '700 episodes',
      '0123456789abcdef',
      '6 min 52 s',
      'a1b2c3d4e5f60718',
      'unrollSteps',
    ];
    const places = inOrder.map((text) => html.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const text of ['holds', '| NAG | 0.381 | 0.34 | 0.100 |', '| SGD | 0.764 | – | 1 |', '−39 %', '700 episodes'])
      expect(markdown).toContain(text);
  });

  it('is the same bytes from the same numbers, and asks nobody for anything', async () => {
    const { html } = await render();
    expect((await render()).html).toBe(html);
    expect(html).not.toMatch(/<(script|link|iframe|object|embed|form)\b/);
    expect(html).not.toMatch(/\b(src|xlink:href)="(?!data:)/);
    expect(html).not.toMatch(/@import|url\((?!#)/);
    expect([...html.matchAll(/<svg/g)]).toHaveLength(1);
    expect(html).toContain('role="img" aria-label="Learning curves on MNIST. Mean over five');
  });

  it('says what is missing, what stands in for the paper’s data, and a failure', async () => {
    const missing = await render({
      missing: ['trial lstm/seed-3'],
      datasets: [{ name: 'cifar-10', version: '0'.repeat(16), origin: 'stand-in' }],
    });
    expect(missing.html).toMatch(/1 item missing.*trial lstm\/seed-3.*stand-in.*not the paper’s data/s);
    expect(missing.markdown).toContain('**Missing from the numbers (1):** trial lstm/seed-3');
    const { verdict: _, ...unjudged } = sampleDocument;
    const failed = await renderReport({
      document: {
        ...unjudged,
        status: 'failed',
        failure: { error: 'TrialsFailed', message: 'gone', where: 'run', logTail: 'last words' },
      },
      summary: sampleSummary,
      experiment: sampleExperiment,
    });
    expect(failed.html).toMatch(/the run failed.*TrialsFailed.*last words/s);
  });

  it('lets no name become markup', async () => {
    const evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>|`@all`[x](javascript:y)\u0000\n# h';
    const hostile = await renderReport({
      document: {
        ...sampleDocument,
        run: evil,
        experiment: evil,
        params: { [evil]: evil, seeds: evil },
        missing: [evil],
        remarks: [evil],
        verdict: { outcome: 'holds', claim: evil, reason: evil },
        tables: [{ title: evil, columns: [{ label: evil }], rows: [[evil]] }],
        datasets: [{ name: evil, version: evil, origin: 'stand-in' }],
        measurements: [0, 1].map((seed) => ({ metric: evil, subject: evil, step: 1, seed, value: 1, unit: evil })),
        provenance: { ...sampleDocument.provenance, code: evil, hardware: evil },
        durations: { [evil]: 1 },
        cost: { pricesAsOf: evil, train: 1 },
        comparison: {
          run: evil,
          outcome: 'holds',
          changes: [{ metric: evil, subject: evil, step: 1, before: 1, now: 2 }],
        },
        failure: { error: evil, message: evil, where: evil, logTail: evil },
      },
      summary: {
        ...sampleSummary,
        charts: [
          {
            title: evil,
            caption: evil,
            spec: {
              title: evil,
              data: { values: [{ x: evil }] },
              mark: 'bar',
              encoding: { x: { field: 'x', type: 'nominal' }, color: { field: 'x', type: 'nominal' } },
            },
          },
        ],
        images: [{ title: evil, caption: evil, width: 1, height: 1, rgba: 'AAAAAA==' }],
      },
      experiment: { name: evil, source: { arxiv: evil, title: evil, place: evil }, claim: evil, deviations: [evil] },
    });
    expect(hostile.html).not.toMatch(/<script|<img src=x|onerror=alert\(1\)>/);
    expect(hostile.html).not.toContain('\u0000');
    // Outside quotes, no element has a handler.
    expect(hostile.html.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[a-z][^>]*\son\w+=/i);
    expect(hostile.markdown).not.toMatch(/<script|<img|(?<!\\)\]\(javascript|@all/);
    // No cell has become two, no line a heading.
    expect(hostile.markdown).not.toMatch(/^# h/m);
  });

  it('shows a picture’s pixels', async () => {
    const rgba = Buffer.from([255, 0, 0, 255, 0, 0, 255, 128]);
    const image = { title: 'Strokes', caption: 'Two pixels', width: 2, height: 1, rgba: rgba.toString('base64') };
    const png = encodePng(image);
    const data = png.subarray(png.indexOf('IDAT') + 4);
    expect(inflateSync(data)).toEqual(Buffer.concat([Buffer.from([0]), rgba]));
    expect((await render({}, { images: [image] })).html).toContain(`data:image/png;base64,${png.toString('base64')}`);
    expect(() => encodePng({ ...image, width: 3 })).toThrow(InvalidImage);
  });
});
