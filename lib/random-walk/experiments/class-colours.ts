/** One colour a class, in pictures and legends: the same class has the same one wherever a report shows it. */
import { voidLabel } from '../../datasets/label-map.ts';

export type Colour = readonly [red: number, green: number, blue: number];

/** Of void, and of whatever else is no class. */
export const voidColour: Colour = [0, 0, 0];

/** Hues a golden angle apart, so that neighbouring classes never look alike, at three lightnesses for where hues come near. */
const goldenAngleDegrees = 137.508;
const firstHueDegrees = 210;
const lightnesses = [0.4, 0.55, 0.5] as const;
const saturation = 0.9;

/** @param label a class, from 0, or 255 for void */
export function classColour(label: number): Colour {
  if (label === voidLabel) return voidColour;
  const hue = (firstHueDegrees + goldenAngleDegrees * label) % 360;
  return colourOf(hue, lightnesses[label % lightnesses.length]!);
}

/** As web pages write it: `#4f9dd6`. */
export function hexColour(colour: Colour): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** HSL to RGB. */
function colourOf(hueDegrees: number, lightness: number): Colour {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const sector = (offset + hueDegrees / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(sector - 3, 9 - sector, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
