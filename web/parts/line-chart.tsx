/** A line chart on a canvas, with its legend in HTML and the same numbers as a table. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { categoryColours } from '../../lib/report/chart-theme.ts';
import { formatSignificant, formatTicks } from '../../lib/report/format-numbers.ts';
import { useScheme } from '../theme.ts';
import { ScrollBox } from './page.tsx';

export interface Line {
  readonly label: string;
  /** Index of the colour; lines of one subject share it. */
  readonly colour: number;
  /** Index of the dash; lines of one run share it. */
  readonly dash: number;
  readonly values: readonly (number | null)[];
  /** Half of the band around the line; null where there is none. */
  readonly deviations?: readonly (number | null)[];
}

export interface LineChartProps {
  /** What a reader who does not see the chart is told. */
  readonly label: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: readonly number[];
  readonly lines: readonly Line[];
  readonly logarithmic?: boolean;
  /** Where x is not a number to be read but a place, such as a run. */
  readonly xNames?: readonly string[];
  readonly withPoints?: boolean;
  /** Milliseconds until all is drawn; 0 for at once. */
  readonly drawingMilliseconds?: number;
}

const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const height = 300;

export function LineChart(props: LineChartProps) {
  const { label, xLabel, x, xNames, lines } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = lines.filter((line) => !hidden.has(line.label));
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <figure class="chart">
      <Legend lines={lines} hidden={hidden} toggle={toggle} />
      <Plot {...props} lines={shown} />
      <details>
        <summary>Numbers as a table</summary>
        <ScrollBox label={`${label}, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">{xLabel}</th>
                {lines.map((line) => (
                  <th key={line.label} scope="col" class="number">
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {thin(x.length).map((index) => (
                <tr key={index}>
                  <th scope="row">{xNames?.[index] ?? formatSignificant(x[index])}</th>
                  {lines.map((line) => (
                    <td key={line.label} class="number">
                      {formatSignificant(line.values[index])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      </details>
    </figure>
  );
}

const longestTable = 60;

/** First, last, and evenly between. */
function thin(length: number): readonly number[] {
  if (length <= longestTable) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: longestTable }, (_, row) => Math.round((row * (length - 1)) / (longestTable - 1)));
}

function Legend({
  lines,
  hidden,
  toggle,
}: {
  readonly lines: readonly Line[];
  readonly hidden: ReadonlySet<string>;
  readonly toggle: (label: string) => void;
}) {
  return (
    <ul class="legend" aria-label="Lines">
      {lines.map(({ label, colour, dash }) => (
        <li key={label}>
          <button type="button" aria-pressed={!hidden.has(label)} onClick={() => toggle(label)}>
            <svg viewBox="0 0 26 10" width="26" height="10" aria-hidden="true">
              <path
                d="M1 5h24"
                stroke={colourOf(colour)}
                stroke-width="2.5"
                stroke-dasharray={dashOf(dash).join(' ')}
              />
            </svg>
            {label}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Plot(props: LineChartProps) {
  const { label, x, lines, drawingMilliseconds = 0 } = props;
  const box = useRef<HTMLDivElement>(null);
  const scheme = useScheme();
  // Colours are read from the style sheet, so a change of scheme paints anew.
  useEffect(() => {
    const element = box.current!;
    const data = toData(props);
    const plot = new uPlot(toOptions(props, element), drawingMilliseconds > 0 ? cutData(data, 0) : data, element);
    let frame = 0;
    const startedAt = performance.now();
    const draw = () => {
      const share = Math.min(1, (performance.now() - startedAt) / drawingMilliseconds);
      plot.setData(cutData(data, Math.ceil(share * x.length)), false);
      plot.redraw();
      if (share < 1) frame = requestAnimationFrame(draw);
    };
    if (drawingMilliseconds > 0) frame = requestAnimationFrame(draw);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      plot.destroy();
    };
  }, [JSON.stringify(lines), x, props.logarithmic, scheme, drawingMilliseconds]);
  return <div class="plot" ref={box} role="img" aria-label={`${label}. Lines: ${describe(lines)}.`} />;
}

function describe(lines: readonly Line[]): string {
  const ends = lines.slice(0, 12).map(({ label, values }) => {
    const last = values.findLast((value) => value !== null);
    return `${label} ends at ${formatSignificant(last)}`;
  });
  return ends.length === 0 ? 'none' : ends.join('; ');
}

/** The lines, then for each line with a spread the two edges of its band. */
function toData({ x, lines }: LineChartProps): uPlot.AlignedData {
  const edges = banded(lines).flatMap(({ values, deviations }) =>
    ([1, -1] as const).map((sign) =>
      values.map((value, index) => {
        const deviation = deviations![index];
        return value === null || deviation === null || deviation === undefined ? null : value + sign * deviation;
      }),
    ),
  );
  return [[...x], ...lines.map(({ values }) => [...values]), ...edges] as uPlot.AlignedData;
}

/** Not yet drawn is absent, so that axes have their final range from the start. */
function cutData([x, ...rest]: uPlot.AlignedData, length: number): uPlot.AlignedData {
  return [x, ...rest.map((values) => [...values].map((value, index) => (index < length ? value : null)))] as never;
}

const banded = (lines: readonly Line[]) =>
  lines.filter(({ deviations }) => deviations?.some((value) => value !== null));

function toOptions(props: LineChartProps, element: HTMLElement): uPlot.Options {
  const { lines, xLabel, yLabel, x, xNames, logarithmic = false, withPoints = false, drawingMilliseconds = 0 } = props;
  const styles = getComputedStyle(document.documentElement);
  const soft = styles.getPropertyValue('--soft').trim();
  const grid = styles.getPropertyValue('--line').trim();
  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  const axis: uPlot.Axis = {
    stroke: soft,
    font,
    labelFont: font,
    labelSize: 20,
    labelGap: 0,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 4 },
  };
  const bands = banded(lines);
  const narrow = element.clientWidth < 480;
  const places = {
    values: (_: uPlot, splits: number[]) =>
      splits.map((split) => (Number.isInteger(split) ? (xNames?.[split] ?? '') : '')),
    splits: () => placesOf(x.length, narrow ? 2 : 5),
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: false, ...(xNames ? { range: [-0.3, x.length - 0.7] as [number, number] } : {}) },
      y: {
        distr: logarithmic ? 3 : 1,
        ...(drawingMilliseconds > 0 ? { range: rangeOf(lines, logarithmic) } : {}),
      },
    },
    axes: [
      {
        ...axis,
        label: xLabel,
        size: 30,
        ...(xNames ? places : { values: (_, splits) => formatTicks(splits) }),
      },
      {
        ...axis,
        ...(narrow ? {} : { label: yLabel }),
        size: 64,
        values: (_, splits) => formatTicks(splits),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour, dash }) => ({
        label,
        stroke: colourOf(colour),
        width: 2,
        dash: [...dashOf(dash)],
        spanGaps: true,
        points: { show: withPoints || x.length === 1, size: 7, fill: colourOf(colour) },
      })),
      ...bands.flatMap(() => [0, 1].map(() => ({ stroke: 'transparent', points: { show: false }, spanGaps: true }))),
    ],
    bands: bands.map(({ colour }, index) => {
      const first = 1 + lines.length + 2 * index;
      return { series: [first, first + 1] as [number, number], fill: `${colourOf(colour)}26` };
    }),
  };
}

/** So many places of a row, first and last among them. */
function placesOf(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, index) => index);
  return [...new Set(Array.from({ length: most }, (_, index) => Math.round((index * (length - 1)) / (most - 1))))];
}

function rangeOf(lines: readonly Line[], logarithmic: boolean): [number, number] {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null && (!logarithmic || value > 0));
  if (values.length === 0) return logarithmic ? [1, 10] : [0, 1];
  const least = values.reduce((a, b) => Math.min(a!, b!))!;
  const most = values.reduce((a, b) => Math.max(a!, b!))!;
  if (logarithmic) return [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most) + 1e-9)];
  const margin = (most - least || 1) * 0.05;
  return [least - margin, most + margin];
}

const colourOf = (index: number): string => categoryColours[index % categoryColours.length]!;
const dashOf = (index: number): readonly number[] => dashes[index % dashes.length]!;
