/** The verdict on §5.4's and §5.3's sentences about R; a pure function of the measurements. */

import type { Spread } from '../../numerics/spread.ts';
import type { Measurement, Verdict } from '../../pipeline/experiment.ts';
import { afterSteps, converged, denseCrfRefined, networkName, subjectOf } from './radius-subjects.ts';
import { meanIoUMetric, measuredPictures, pairedDifference, valuesOf } from './segmentation-measures.ts';

export interface JudgedRadii {
  readonly convergedRadii: readonly number[];
  readonly radius: number;
  readonly wideRadius: number;
  readonly wideSteps: readonly number[];
}

/** Shares of mean IoU that are about equal: the walk brings 0.02 in the paper, and this is half of it. */
export const aboutEqual = 0.01;
const fewestSeeds = 3;
/** Fewer say nothing about a point of IoU. */
const fewestPictures = 20;
/** The longest side of the paper's pictures, in which its radii count. */
export const paperSide = 500;

export interface Finding {
  readonly statement: string;
  /** undefined: it could be either, by two standard errors. */
  readonly holds: boolean | undefined;
  readonly numbers: string;
}

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
  const pictures = measuredPictures(rows);
  if (!pictures) return { outcome: 'inconclusive', reason: 'Nothing was measured.' };
  const { findings, seeds } = findingsOf(rows, params, pictures.longestSide);
  if (findings.length < 4) {
    return { outcome: 'inconclusive', reason: `Not all is measured. ${findings.map(describe).join(' ')}`.trim() };
  }
  const numbers = `Differences of mean IoU in percentage points ± standard error, paired by seed (${seeds}). ${findings.map(describe).join(' ')}`;
  if (pictures.pictures < fewestPictures) {
    const reason = `Wrong scale: ${pictures.pictures} pictures, at least ${fewestPictures} are needed. ${numbers}`;
    return { outcome: 'inconclusive', reason };
  }
  if (seeds < fewestSeeds) {
    const reason = `Too few seeds: ${seeds}, at least ${fewestSeeds} are needed. ${numbers}`;
    return { outcome: 'inconclusive', reason };
  }
  const refuted = findings.some(({ holds }) => holds === false);
  const proved = findings.every(({ holds }) => holds === true);
  return { outcome: refuted ? 'does not hold' : proved ? 'holds' : 'inconclusive', reason: numbers };
}

/** The four sentences, those that were measured. */
export function findingsOf(
  rows: readonly Measurement[],
  { convergedRadii, radius, wideRadius, wideSteps }: JudgedRadii,
  longestSide: number,
): { readonly findings: readonly Finding[]; readonly seeds: number } {
  const [largeFov, v2] = [networkName('large-fov'), networkName('deeplab-v2')];
  const at = (network: string, prediction: string, step: number) =>
    valuesOf(rows, meanIoUMetric, subjectOf(network, prediction), step);
  const base = at(largeFov, converged, radius);
  const oneWideStep = at(largeFov, afterSteps(1), wideRadius);

  const compared = radiiInInterval(convergedRadii, longestSide)
    .filter((each) => each !== radius)
    .flatMap((each) => {
      const difference = pairedDifference(at(largeFov, converged, each), base);
      return difference ? [{ name: `R = ${each}`, difference }] : [];
    });
  const more = [
    ...wideSteps.filter((steps) => steps > 1).map((steps) => afterSteps(steps)),
    ...(convergedRadii.includes(wideRadius) ? [converged] : []),
  ].flatMap((prediction) => {
    const difference = pairedDifference(at(largeFov, prediction, wideRadius), oneWideStep);
    return difference ? [{ name: prediction, difference }] : [];
  });
  const step = pairedDifference(oneWideStep, base);
  const crf = pairedDifference(at(v2, afterSteps(1), wideRadius), at(v2, denseCrfRefined, 0));

  const findings: Finding[] = [];
  if (compared.length > 0) {
    findings.push({
      statement: `Converged, R between 3 and 20 of the paper’s pixels are about equal to R = ${radius}`,
      holds: all(compared.map(({ difference }) => isAboutEqual(difference))),
      numbers: list(compared),
    });
  }
  if (step) {
    findings.push({
      statement: `One step at R = ${wideRadius} comes within a point of R = ${radius} converged`,
      holds: isAtLeast(step, -aboutEqual),
      numbers: write(step),
    });
  }
  if (more.length > 0) {
    findings.push({
      statement: `More steps at R = ${wideRadius} bring nothing`,
      holds: all(more.map(({ difference }) => negate(isAtLeast(difference, aboutEqual)))),
      numbers: list(more),
    });
  }
  if (crf) {
    findings.push({
      statement: `Over DeepLab-v2, one step at R = ${wideRadius} does better than a dense CRF`,
      holds: isAtLeast(crf, 0),
      numbers: write(crf),
    });
  }
  const differences = [...compared, ...more].map(({ difference }) => difference);
  const seeds = [...differences, step, crf].map((difference) => difference?.count ?? 0);
  return { findings, seeds: Math.min(...seeds) };
}

/** Whether a difference is at least so much by two standard errors, or below it by as many. */
function isAtLeast({ mean, standardError }: Spread, least: number): boolean | undefined {
  if (mean - 2 * standardError >= least) return true;
  return mean + 2 * standardError < least ? false : undefined;
}

function isAboutEqual(difference: Spread): boolean | undefined {
  return all([isAtLeast(difference, -aboutEqual), negate(isAtLeast(difference, aboutEqual))]);
}

const negate = (value: boolean | undefined) => (value === undefined ? undefined : !value);

function all(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false;
  return values.includes(undefined) ? undefined : true;
}

function describe({ statement, holds, numbers }: Finding): string {
  return `${statement}: ${holds === undefined ? 'undecided' : holds ? 'yes' : 'no'} (${numbers}).`;
}

function list(differences: readonly { readonly name: string; readonly difference: Spread }[]): string {
  return differences.map(({ name, difference }) => `${name}: ${write(difference)}`).join(', ');
}

function write({ mean, standardError, count }: Spread): string {
  const error = count > 1 ? ` ± ${(100 * standardError).toFixed(2)}` : '';
  return `${mean < 0 ? '−' : '+'}${Math.abs(100 * mean).toFixed(2)}${error}`;
}
