/** How charts look: a Vega-Lite config that a specification's own config overrides. */

export interface ChartColours {
  /** Text, axes and rules. `currentColor` takes the page's, so that one picture serves a light and a dark page. */
  readonly foreground: string;
  /** undefined: see-through */
  readonly background: string | undefined;
}

export const inlineColours: ChartColours = { foreground: 'currentColor', background: undefined };
export const standaloneColours: ChartColours = { foreground: '#1f2328', background: '#ffffff' };

/**
 * Eight colours that stay apart for colour-blind readers (after Okabe and Ito, doi.org/10.20982/tqmp.04), each with a
 * contrast of at least 3:1 against white and against #16181d. The first is for what the paper proposes.
 */
export const categoryColours = [
  '#d55e00',
  '#0b84c4',
  '#1a9872',
  '#b8609a',
  '#a67c00',
  '#7a6fd0',
  '#5f8a1f',
  '#7d7f86',
] as const;

/** Lies between text and page in both schemes, however opaque an author makes it. */
const grey = '#8b8f98';
const font = 'system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif';

export function chartConfig({ foreground, background }: ChartColours): Record<string, unknown> {
  return {
    aria: false,
    background: background ?? null,
    padding: 6,
    font,
    view: { stroke: null, continuousWidth: 620, continuousHeight: 340 },
    range: { category: categoryColours },
    title: { color: foreground, fontSize: 15, fontWeight: 600, anchor: 'start', offset: 12, subtitleColor: foreground },
    axis: {
      labelColor: foreground,
      titleColor: foreground,
      domainColor: foreground,
      tickColor: foreground,
      gridColor: grey,
      domainOpacity: 0.5,
      tickOpacity: 0.5,
      gridOpacity: 0.25,
      labelFontSize: 12,
      titleFontSize: 13,
      titleFontWeight: 500,
      titlePadding: 10,
      labelPadding: 5,
      tickSize: 4,
      labelOverlap: 'greedy',
      labelSeparation: 6,
    },
    axisXQuantitative: { tickCount: 8 },
    legend: {
      labelColor: foreground,
      titleColor: foreground,
      labelFontSize: 12.5,
      titleFontSize: 12.5,
      titleFontWeight: 500,
      symbolStrokeWidth: 2.5,
      symbolSize: 160,
      labelLimit: 260,
      rowPadding: 5,
    },
    header: {
      labelColor: foreground,
      titleColor: foreground,
      labelFontSize: 13,
      labelFontWeight: 600,
      titleFontSize: 13,
    },
    line: { strokeWidth: 2, strokeCap: 'round', strokeJoin: 'round' },
    area: { opacity: 0.18, line: false },
    rule: { color: foreground, opacity: 0.6 },
    text: { color: foreground, fontSize: 12 },
    point: { size: 50, filled: true },
    bar: { cornerRadiusEnd: 2 },
  };
}
