/** What a network wrote by hand, as an SVG image: lines only, no script, no style, no reference to anything outside. */
import type { WrittenPoint } from '../../layer-norm/models/write-text.ts';
import { escapeHtml } from '../../report/html.ts';

/** Of the image, in its own units, around the strokes. */
const margin = 12;
/** What a line's height is scaled to; an image is as wide as the writing. */
const lineHeight = 100;
const strokeWidth = 3;

/** The pen's points as strokes in the order in which they are drawn; x to the right, y downwards, from 0. */
export interface Writing {
  readonly width: number;
  readonly height: number;
  readonly strokes: readonly (readonly (readonly [x: number, y: number])[])[];
}

/** Moves and scales points to an image of about `lineHeight`; y turns, for it points up where the network learned. */
export function arrangeWriting(points: readonly WrittenPoint[]): Writing {
  const [left, right] = rangeOf(points.map(({ x }) => x));
  const [bottom, top] = rangeOf(points.map(({ y }) => y));
  // A single dash has no height: its length then says how large it is.
  const scale = lineHeight / (top - bottom || right - left || 1);
  const strokes = Map.groupBy(points, ({ stroke }) => stroke);
  return {
    width: round(scale * (right - left) + 2 * margin),
    height: round(scale * (top - bottom) + 2 * margin),
    strokes: [...strokes.values()].map((stroke) =>
      stroke.map(({ x, y }) => [round(scale * (x - left) + margin), round(scale * (top - y) + margin)] as const),
    ),
  };
}

/** @param text what the image says, for those who do not see it */
export function drawWriting({ width, height, strokes }: Writing, text: string): string {
  const path = strokes.map(
    (stroke) => `M${stroke.map(([x, y]) => `${x} ${y}`).join('L')}${stroke.length === 1 ? 'h0' : ''}`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(text)}</title>`,
    `<path d="${path.join('')}" fill="none" stroke="#1a1a1a" stroke-width="${strokeWidth}" stroke-linecap="round" stroke-linejoin="round"/>`,
    '</svg>',
    '',
  ].join('\n');
}

function rangeOf(values: readonly number[]): readonly [least: number, most: number] {
  return [
    values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  ];
}

/** A tenth of a unit is less than anybody sees. */
function round(value: number): number {
  return Math.round(10 * value) / 10;
}
