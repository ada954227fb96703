/** The verdict on §5.4's and §5.3's sentences about R; a pure function of the measurements. */

import type { Spread } from '../../numerics/spread.ts';
import type { Measurement, Verdict } from '../../pipeline/experiment.ts';
import { whyNoVerdict } from './compare-methods.ts';
import {
  aboutEqual,
  areAll,
  describeFinding,
  type Finding,
  isAtLeast,
  isBelow,
  listDifferences,
  writePoints,
} from './findings.ts';
import { type Place, pairedSpread } from './over-seeds.ts';
import { afterSteps, converged, denseCrfRefined, networkName, subjectOf } from './radius-subjects.ts';
import { meanIoUMetric, pictureCounts } from './segmentation-metrics.ts';

export interface JudgedRadii {
  /** Pixels of the pictures' longer side. */
  readonly longestSide: number;
  readonly convergedRadii: readonly number[];
  readonly radius: number;
  readonly wideRadius: number;
  readonly wideSteps: readonly number[];
}

/** The longest side of the paper's pictures, in which its radii count. */
export const paperSide = 500;

/** R on a picture of `longestSide` pixels, as it would be on the paper's. */
export const radiusInPaper = (radius: number, longestSide: number) => (radius * paperSide) / longestSide;

/** Radii that lie in the paper's interval, 3 < R < 20, in proportion to its pictures. */
export function radiiInInterval(radii: readonly number[], longestSide: number): readonly number[] {
  return radii.filter((radius) => {
    const there = radiusInPaper(radius, longestSide);
    return there > 3 && there < 20;
  });
}

export function judgeRadius(rows: readonly Measurement[], params: JudgedRadii): Verdict {
  const pictures = pictureCounts(rows);
  if (!pictures) return { outcome: 'inconclusive', reason: 'Nothing was measured.' };
  const { findings, seeds } = findingsOf(rows, params);
  if (findings.length < 4) {
    return {
      outcome: 'inconclusive',
      reason: `Not all is measured. ${findings.map(describeFinding).join(' ')}`.trim(),
    };
  }
  const numbers = `Differences of mean IoU in percentage points ± standard error, paired by seed (${seeds}). ${findings.map(describeFinding).join(' ')}`;
  const obstacle = whyNoVerdict(pictures, seeds);
  if (obstacle) return { outcome: 'inconclusive', reason: `${obstacle} ${numbers}` };
  const refuted = findings.some(({ holds }) => holds === false);
  const proved = findings.every(({ holds }) => holds === true);
  return { outcome: refuted ? 'does not hold' : proved ? 'holds' : 'inconclusive', reason: numbers };
}

/** The four sentences, those that were measured. */
export function findingsOf(
  rows: readonly Measurement[],
  { longestSide, convergedRadii, radius, wideRadius, wideSteps }: JudgedRadii,
): { readonly findings: readonly Finding[]; readonly seeds: number } {
  const [largeFov, v2] = [networkName('large-fov'), networkName('deeplab-v2')];
  const at = (network: string, prediction: string, step: number): Place => {
    return { metric: meanIoUMetric, subject: subjectOf(network, prediction), step };
  };
  const base = at(largeFov, converged, radius);
  const oneWideStep = at(largeFov, afterSteps(1), wideRadius);

  const compared = radiiInInterval(convergedRadii, longestSide)
    .filter((each) => each !== radius)
    .flatMap((each) => {
      const difference = pairedSpread(rows, at(largeFov, converged, each), base);
      return difference ? [{ name: `R = ${each}`, difference }] : [];
    });
  const more = [
    ...wideSteps.filter((steps) => steps > 1).map((steps) => afterSteps(steps)),
    ...(convergedRadii.includes(wideRadius) ? [converged] : []),
  ].flatMap((prediction) => {
    const difference = pairedSpread(rows, at(largeFov, prediction, wideRadius), oneWideStep);
    return difference ? [{ name: prediction, difference }] : [];
  });
  const step = pairedSpread(rows, oneWideStep, base);
  const crf = pairedSpread(rows, at(v2, afterSteps(1), wideRadius), at(v2, denseCrfRefined, 0));

  const findings: Finding[] = [];
  if (compared.length > 0) {
    findings.push({
      statement: `Converged, R between 3 and 20 of the paper’s pixels are about equal to R = ${radius}`,
      holds: areAll(compared.map(({ difference }) => isAboutEqual(difference))),
      numbers: listDifferences(compared),
    });
  }
  if (step) {
    findings.push({
      statement: `One step at R = ${wideRadius} comes within a point of R = ${radius} converged`,
      holds: isAtLeast(step, -aboutEqual),
      numbers: writePoints(step),
    });
  }
  if (more.length > 0) {
    findings.push({
      statement: `More steps at R = ${wideRadius} bring nothing`,
      holds: areAll(more.map(({ difference }) => isBelow(difference, aboutEqual))),
      numbers: listDifferences(more),
    });
  }
  if (crf) {
    findings.push({
      statement: `Over DeepLab-v2, one step at R = ${wideRadius} does better than a dense CRF`,
      holds: isAtLeast(crf, 0),
      numbers: writePoints(crf),
    });
  }
  const differences = [...compared, ...more].map(({ difference }) => difference);
  const seeds = [...differences, step, crf].map((difference) => difference?.count ?? 0);
  return { findings, seeds: Math.min(...seeds) };
}

function isAboutEqual(difference: Spread): boolean | undefined {
  return areAll([isAtLeast(difference, -aboutEqual), isBelow(difference, aboutEqual)]);
}
