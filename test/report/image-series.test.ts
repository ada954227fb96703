/** A series of pictures in both forms of the report; what it does under a reader's hands is in image-series-browser.test.ts. */
import { createHash } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import type { SummaryImageSeries } from '../../lib/pipeline/experiment.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { readRecord } from '../../lib/pipeline/records.ts';
import { createRegistry } from '../../lib/pipeline/registry.ts';
import { runDocumentSchema } from '../../lib/pipeline/run-document.ts';
import { encodePng } from '../../lib/report/encode-png.ts';
import { InvalidImage, InvalidImageSeries } from '../../lib/report/errors.ts';
import { renderReport } from '../../lib/report/render-report.ts';
import { counting } from '../pipeline/counting-experiment.ts';
import { countingRequest, runStages, testPorts } from '../pipeline/run-stages.ts';
import { sampleDocument, sampleExperiment, sampleSummary } from './sample-report.ts';
import { sampleSeries } from './sample-series.ts';

const render = (...imageSeries: readonly SummaryImageSeries[]) =>
  renderReport({
    document: sampleDocument,
    summary: { ...sampleSummary, imageSeries },
    experiment: sampleExperiment,
  });

const pngs = sampleSeries.frames.map((frame) => encodePng({ title: '', ...frame }));

describe('the page', () => {
  it('has every frame under its label, in order, and a slider with a name that only a script shows', async () => {
    const { html } = await render(sampleSeries);
    const figure = html.match(/<figure class="series">.*?<\/figure>/s)![0];
    const frames = [...figure.matchAll(/<img src="([^"]*)" [^>]*alt="([^"]*)"><span class="label">([^<]*)</g)];
    expect(frames.map(([, , alt, label]) => [alt, label])).toEqual(
      sampleSeries.frames.map(({ label }) => [`Probability of ‘road’: ${label}`, label]),
    );
    expect(frames.map(([, source]) => source)).toEqual(
      pngs.map((png) => `data:image/png;base64,${png.toString('base64')}`),
    );
    expect(figure).not.toMatch(/class="frame"[^>]* hidden/);
    expect(figure).toMatch(
      /<div class="slider" hidden><label for="series-1">Steps of the walk<\/label><input id="series-1" type="range" min="0" max="3" /,
    );
    expect(figure).toContain('<figcaption><strong>Probability of ‘road’.</strong> After so many');
  });

  it('allows by its policy the one script that it has, and none where there is no series', async () => {
    const { html } = await render(sampleSeries, { ...sampleSeries, title: 'Another' });
    const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)];
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256').update(scripts[0]![1]!).digest('base64');
    const policy = html.match(/Content-Security-Policy" content="([^"]*)"/)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy.match(/script-src ([^;]*)/)![1]).toBe(`'sha256-${hash}'`);
    expect(html).toContain('id="series-2"');
    const plain = await render();
    expect(plain.html).not.toMatch(/<script|script-src/);
    expect(plain.pictures).toEqual([]);
  });

  it('lets no label become markup', async () => {
    const evil = '"><script>alert(1)</script>|`@all`\n# h';
    const frames = sampleSeries.frames.map((frame, index) => ({ ...frame, label: `${evil}${index}` }));
    const { html, markdown } = await render({ title: evil, caption: evil, variable: evil, frames });
    expect([...html.matchAll(/<script/g)]).toHaveLength(1);
    expect(html).not.toContain('alert(1)</script>');
    expect(markdown).not.toMatch(/<script|@all|^# h/m);
    const rows = markdown.split('\n').filter((line) => line.includes('series-1-frame'));
    expect(rows).toHaveLength(1);
    expect(rows[0]!.match(/(?<!\\)\|/g)).toHaveLength(sampleSeries.frames.length + 1);
  });
});

test('the Markdown has the pictures in a row, as files beside it', async () => {
  const { markdown, pictures } = await render(sampleSeries);
  expect(markdown).toContain(
    [
      '| 0 steps | 1 step | 5 steps | converged |',
      '| --- | --- | --- | --- |',
      '| ![0 steps](series-1-frame-1.png) | ![1 step](series-1-frame-2.png) | ![5 steps](series-1-frame-3.png) | ![converged](series-1-frame-4.png) |',
    ].join('\n'),
  );
  expect(pictures).toEqual(pngs.map((png, index) => ({ name: `series-1-frame-${index + 1}.png`, png })));
  expect((await render(sampleSeries, sampleSeries)).pictures.at(-1)!.name).toBe('series-2-frame-4.png');
});

test('a run leaves the pictures in its store, where its Markdown looks for them', async () => {
  const drawing = {
    ...counting,
    summarize: (...given: Parameters<typeof counting.summarize>) => ({
      ...counting.summarize(...given),
      imageSeries: [sampleSeries],
    }),
  };
  const ports = testPorts({ experiments: createRegistry([drawing]) });
  await runStages(countingRequest('drawn'), ports);
  const document = await readRecord(ports.store, keys.result('test/counting', 'drawn'), runDocumentSchema);
  const [last] = document!.files.slice(-1);
  expect(last).toBe('reports/drawn/series-1-frame-4.png');
  expect(Buffer.from((await ports.store.get(last!))!.body)).toEqual(pngs[3]);
});

test.each([
  ['one frame', sampleSeries.frames.slice(0, 1), /it has 1 frames/],
  ['no frame', [], /it has 0 frames/],
  [
    'frames of two sizes',
    [...sampleSeries.frames, { ...sampleSeries.frames[0]!, label: 'tall', width: 2, height: 4 }],
    /'0 steps' has 4 × 2 pixels and 'tall' 2 × 4/,
  ],
  ['a label twice', [...sampleSeries.frames, sampleSeries.frames[1]!], /the label '1 step' tells no frames apart/],
  ['no label', [...sampleSeries.frames, { ...sampleSeries.frames[0]!, label: '' }], /the label '' tells/],
])('a series of %s is refused', async (_, frames, message) => {
  await expect(render({ ...sampleSeries, frames })).rejects.toThrow(InvalidImageSeries);
  await expect(render({ ...sampleSeries, frames })).rejects.toThrow(message);
});

test('a frame with too few bytes is refused by its title and label', async () => {
  const frames = sampleSeries.frames.map((frame) => ({ ...frame, rgba: 'AAAA' }));
  await expect(render({ ...sampleSeries, frames })).rejects.toThrow(InvalidImage);
  await expect(render({ ...sampleSeries, frames })).rejects.toThrow("'Probability of ‘road’: 0 steps'");
});
