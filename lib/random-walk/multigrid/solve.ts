/**
 * The walk's limit by multigrid. Groups of pixels that walk together (group-pixels.ts) make a smaller walk, which is solved about
 * as it is by its own groups (cycle.ts): that takes away the errors that steps of the walk itself reduce slowly. To a bound
 * on values, steps and corrections are summed to the preconditioner of conjugate gradients on D − αW; to labels, they take turns.
 */

import type { RandomWalkKernel } from '../../kernels/random-walk-kernel.ts';
import type { PixelMultigrid } from '../../kernels/random-walk-multigrid.ts';
import { createGroupSolver, type GroupSolver, relaxationDivisor } from './cycle.ts';
import { walkBetweenGroups } from './group-pixels.ts';

interface Preparation {
  readonly pixels: PixelMultigrid;
  readonly groups: GroupSolver;
  /** Of the pixels' groups, in the walk's memory. */
  readonly groupValues: Float32Array;
  readonly diffusion: number;
}

/** undefined where a picture falls into so many groups that smaller walks save nothing. */
export function prepareMultigrid(
  walk: RandomWalkKernel,
  pixels: PixelMultigrid,
  diffusion: number,
): Preparation | undefined {
  const { inverseDegrees, grid } = walk;
  const between = walkBetweenGroups(pixels, grid.width);
  if (!between) return undefined;
  const classes = walk.values[0]!.length / walk.pixels;
  const groups = createGroupSolver(between.walk, grid.neighbourhood, diffusion, classes, pixels.build);
  for (let pixel = 0; pixel < walk.pixels; pixel++) {
    const degree = 1 / inverseDegrees[pixel]!;
    pixels.relaxation[pixel] = degree / relaxationDivisor(degree, 1, diffusion);
  }
  return { pixels, groups, groupValues: between.groupValues, diffusion };
}

/** x = the solution of the walk between groups, at each of their pixels. */
export function startFromGroups(
  { pixels, groups, groupValues, diffusion }: Preparation,
  f: Float32Array,
  x: Float32Array,
): void {
  pixels.sumInGroups(f, 1 - diffusion);
  groups.b.set(groupValues);
  groups.cycle();
  groupValues.set(groups.cycleAgain());
  pixels.addToPixels(x, 0);
}

/** Conjugate gradients lose their way in float32 in the end: then they start again. */
const mostSearches = 20;

/**
 * Relaxation smooths what conjugate gradients leave, and the bound counts rough residuals as if they were smooth: so the last factor
 * is left to it, as long as a step does this much.
 */
const smoothingRange = 4;
const leastSmoothing = 0.6;

/**
 * Brings ‖r‖∞ of the second of the walk's arrays down to `residual`. What is returned may be another of them.
 *
 * @returns undefined where that did not succeed in `mostSteps` products
 */
export function solveByMultigrid(
  { pixels, groups, groupValues, diffusion }: Preparation,
  values: readonly Float32Array[],
  residual: number,
  mostSteps: number,
): { readonly y: Float32Array; readonly steps: number; readonly residual: number } | undefined {
  const [f, second, third, p, q] = values as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  let [x, r] = [second, third];
  for (let steps = 0; steps < mostSteps; ) {
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      const reached = pixels.relax(x, r, f, diffusion);
      steps += 1;
      if (reached <= residual) return { y: x, steps, residual: reached };
      [x, r] = [r, x];
      if (!(reached <= smoothingRange * residual && reached <= leastSmoothing * before)) break;
      before = reached;
    }
    // r of x, and its product with what relaxation makes of it, by a step of no length.
    pixels.residual(x, f, r, diffusion);
    steps += 1;
    p.fill(0);
    q.fill(0);
    let { product } = pixels.advance({ x, r, p, q }, 0);
    let before = Number.POSITIVE_INFINITY;
    for (let search = 0; search < mostSearches; search++) {
      groups.b.set(groupValues);
      groupValues.set(groups.cycle());
      const squaredNorm = product + groups.product();
      pixels.turn(p, r, search === 0 ? 0 : squaredNorm / before);
      before = squaredNorm;
      const curvature = pixels.curvature(p, q, diffusion);
      steps += 1;
      const advanced = pixels.advance({ x, r, p, q }, squaredNorm / curvature);
      if (!Number.isFinite(advanced.product)) return undefined;
      product = advanced.product;
      if (advanced.largest <= smoothingRange * residual) break;
    }
  }
  return undefined;
}

/** Of every so many pixels one is looked at for a change of its label. */
const sampling = 5;

/** By how much a cycle, of a relaxation and a correction, brings down the share of wrong labels, or more. */
const labelReduction = 1 / 3;

/**
 * Cycles from the second of the walk's arrays, until the labels that the last one changed promise that no more than the share
 * `wrongLabels` is still to change. That is what was measured on photographs, and no bound: `error` is one, of the values.
 */
export function labelByMultigrid(
  { pixels, groups, groupValues, diffusion }: Preparation,
  values: readonly Float32Array[],
  wrongLabels: number,
  mostSteps: number,
): { readonly y: Float32Array; readonly steps: number; readonly error: number } | undefined {
  const [f, second, third] = values as [Float32Array, Float32Array, Float32Array];
  let [x, other] = [second, third];
  const classes = f.length / pixels.relaxation.length;
  let labels = sampleLabels(x, classes);
  for (let steps = 2; steps <= mostSteps; steps += 2) {
    pixels.relax(x, other, f, diffusion);
    [x, other] = [other, x];
    const residual = pixels.residual(x, f, other, diffusion);
    groups.b.set(groupValues);
    groupValues.set(groups.cycle());
    pixels.addToPixels(x, 1);
    const next = sampleLabels(x, classes);
    const changed = next.reduce((count, label, index) => (label === labels[index] ? count : count + 1), 0);
    if ((changed / labels.length) * (labelReduction / (1 - labelReduction)) <= wrongLabels) {
      // From x before the correction to the limit, and from there to what the correction made of it.
      const correction = groupValues.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return { y: x, steps, error: residual / (1 - diffusion) + correction };
    }
    labels = next;
  }
  return undefined;
}

function sampleLabels(x: Float32Array, classes: number): Uint16Array {
  const labels = new Uint16Array(Math.ceil(x.length / classes / sampling));
  for (let index = 0, at = 0; index < labels.length; index++, at += sampling * classes) {
    let label = 0;
    for (let k = 1; k < classes; k++) if (x[at + k]! > x[at + label]!) label = k;
    labels[index] = label;
  }
  return labels;
}
