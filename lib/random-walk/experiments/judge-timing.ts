/** The verdict on §5.3: a pure function of what was measured. */
import type { Verdict } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import type { TimingParams } from './timing.ts';
import { paperRatios, timingSubjects } from './timing-metrics.ts';
import type { Range, TimingNumbers } from './timing-numbers.ts';

const fewestPictures = 3;
/** What the paper's images have at most, and VOC's classes. */
const paperSize = { height: 375, width: 500, classes: 21 } as const;

interface Part {
  readonly name: string;
  readonly threshold: number;
  /** How many times as long as our kernel the dense CRF takes, and as the walk would take without SIMD, as the dense CRF is. */
  readonly ratio: Range;
  readonly plainRatio: Range;
  readonly outcome: 'yes' | 'no' | 'open';
}

/**
 * SIMD is a part of our walks and not of our dense CRF, so that the ratio favours the walk; without it the ratio favours the
 * dense CRF, whose lattice has less to gain. The claim holds where it does so by the second, and does not where it does not by the
 * first; in every picture, both times.
 */
export function judgeTiming(numbers: TimingNumbers, params: TimingParams): Verdict {
  const steps = (['scores', 'picture'] as const).map((grid) => ({
    subject: timingSubjects.step(grid),
    grid,
    threshold: paperRatios.step,
    name:
      grid === 'scores'
        ? `a step over the scores at R = ${params.largeRadius}`
        : `one over all pixels at R = ${params.radius}`,
  }));
  const alpha = Math.max(...params.alphas);
  const converged = {
    subject: timingSubjects.refine(alpha),
    grid: 'picture' as const,
    threshold: paperRatios.converged,
    name: `the walk to its limit within ${params.tolerance} at α = ${alpha}, affinities included`,
  };
  const parts = [...steps, converged].flatMap(({ subject, grid, threshold, name }) => {
    const ratio = numbers.ratio(subject);
    const plainRatio = numbers.plainRatio(subject, timingSubjects.step(grid), timingSubjects.plainStep(grid));
    if (!ratio || !plainRatio) return [];
    return [{ name, threshold, ratio, plainRatio, outcome: outcomeOf(ratio, plainRatio, threshold) }];
  });
  const reason = parts.map(describe).join(' ');
  const obstacle = obstacleOf(parts, params);
  if (obstacle) return { outcome: 'inconclusive', reason: [obstacle, reason].join(' ').trim() };
  // §5.3's step has R = 40: by its seconds it goes over the scores. The other is reported.
  const decisive = parts.filter((_, index) => index !== 1);
  if (decisive.some(({ outcome }) => outcome === 'no')) return { outcome: 'does not hold', reason };
  return { outcome: decisive.every(({ outcome }) => outcome === 'yes') ? 'holds' : 'inconclusive', reason };
}

function outcomeOf(ratio: Range, plainRatio: Range, threshold: number): Part['outcome'] {
  if (plainRatio.least >= threshold) return 'yes';
  return ratio.greatest < threshold ? 'no' : 'open';
}

function describe({ name, threshold, ratio, plainRatio, outcome }: Part): string {
  const says = {
    yes: 'as the paper says',
    no: 'less than the paper says',
    open: 'so that it hangs on what each is compiled to',
  }[outcome];
  return `Dense CRF inference takes ${range(ratio)} times as long as ${name} (the paper: ${threshold}), ${range(plainRatio)} times without the walk’s SIMD: ${says}.`;
}

function range({ mean, least, greatest }: Range): string {
  return `${formatSignificant(mean)} (${formatSignificant(least)} to ${formatSignificant(greatest)})`;
}

function obstacleOf(parts: readonly Part[], { height, width, classes }: TimingParams): string | undefined {
  const pictures = Math.min(...parts.map(({ ratio }) => ratio.count));
  if (parts.length < 3 || pictures < fewestPictures) {
    return `Measured are ${parts.length} of 3 ratios${parts.length > 0 ? ` on ${pictures} pictures` : ''}; at least ${fewestPictures} pictures are needed.`;
  }
  if (height !== paperSize.height || width !== paperSize.width || classes !== paperSize.classes) {
    return `Ratios are judged at 500 × 375 pixels and 21 classes; these are of ${width} × ${height} and ${classes}.`;
  }
  return undefined;
}
