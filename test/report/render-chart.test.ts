import { describe, expect, it } from 'vitest';
import { categoryColours, standaloneColours } from '../../lib/report/chart-theme.ts';
import { InvalidChart } from '../../lib/report/errors.ts';
import { measureText } from '../../lib/report/measure-text.ts';
import { prefixIds, renderChart } from '../../lib/report/render-chart.ts';
import { sampleSpec } from './sample-report.ts';

const bars = {
  data: { values: [{ name: 'a <b> & "c"', value: 3 }] },
  mark: 'bar',
  encoding: { x: { field: 'name', type: 'nominal' }, y: { field: 'value', type: 'quantitative' } },
};

describe('renderChart', () => {
  it('gives the same bytes however many charts came before, and at once', async () => {
    const first = await renderChart(sampleSpec);
    const [second, third] = await Promise.all([renderChart(sampleSpec), renderChart(sampleSpec)]);
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(first).toContain('id="clip1"');
  });

  it('draws labelled axes in the page’s colour, and escapes what the data says', async () => {
    const svg = await renderChart(bars);
    expect(svg).toMatch(/^<svg[^>]+viewBox/);
    expect(svg).toContain('a &lt;b&gt; &amp; ');
    expect(svg).not.toContain('<b>');
    expect(svg).toContain('fill="currentColor"');
    expect(svg).not.toMatch(/<(image|use|a|script|foreignObject)\b/);
  });

  it('has a page of its own where it stands alone, and a specification’s own config wins', async () => {
    const svg = await renderChart({ ...bars, config: { axis: { labelFontSize: 21 } } }, { colours: standaloneColours });
    expect(svg).toContain('fill="#ffffff"');
    expect(svg).not.toContain('currentColor');
    expect(svg).toContain('font-size="21px"');
    // The rest of the block stays ours.
    expect(svg).toContain(standaloneColours.foreground);
  });

  it.each([
    ['wants data from elsewhere', { ...bars, data: { url: 'file:///etc/passwd' } }],
    ['has no mark', { data: { values: [] } }],
  ])('names a chart that %s', async (_, spec) => {
    const drawn = renderChart(spec, { title: 'Figure 4' });
    await expect(drawn).rejects.toThrow(InvalidChart);
    await expect(drawn).rejects.toThrow("'Figure 4'");
  });

  it('keeps the definitions of charts on one page apart', () => {
    expect(prefixIds('<clipPath id="clip1"/><g clip-path="url(#clip1)" id="mine"/>', 'f2-')).toBe(
      '<clipPath id="f2-clip1"/><g clip-path="url(#f2-clip1)" id="mine"/>',
    );
  });
});

it('colours stand out from a light and from a dark page', () => {
  for (const colour of categoryColours) {
    expect(contrast(colour, '#ffffff')).toBeGreaterThanOrEqual(3);
    expect(contrast(colour, '#16181d')).toBeGreaterThanOrEqual(3);
  }
});

it('measures by character, size and weight', () => {
  expect(measureText('ii', 10)).toBeCloseTo(2 * 2.22 * 1.18);
  expect(measureText('W', 20)).toBeGreaterThan(4 * measureText('i', 20));
  expect(measureText('學', 10)).toBeGreaterThan(measureText('W', 10));
  expect(measureText('abc', 10, true)).toBeGreaterThan(measureText('abc', 10));
});

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) =>
    [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index]!, 0);
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}
