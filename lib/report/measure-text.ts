/**
 * How wide a text is without a font to ask: the advance widths of Helvetica (its AFM file, thousandths of an em), which
 * the sans-serif faces of all systems resemble. The same on every machine, so that a chart is the same bytes everywhere.
 */

/** Code points 32 to 126. */
const advances = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
] as const;

const unknownAdvance = 600;
const wideAdvance = 1000;
/** DejaVu Sans and Verdana run wider than Helvetica: better a little air than a label cut off. */
const allowance = 1.18;
const boldAllowance = 1.06;

/** Width in pixels of one line. */
export function measureText(text: string, fontSizePixels: number, bold = false): number {
  let thousandths = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    // East Asian scripts and pictographs are as wide as they are high.
    thousandths +=
      advances[code - 32] ?? (code >= 0x1100 ? (code < 0x2e80 ? unknownAdvance : wideAdvance) : unknownAdvance);
  }
  return (thousandths / 1000) * fontSizePixels * allowance * (bold ? boldAllowance : 1);
}
