/**
 * The coordinatewise two-layer LSTM optimizer of arXiv 1606.04474 (section 2.1, appendix A), over all coordinates at
 * once: `step` forward, `backward` through a truncated window.
 *
 * The kernel allocates nothing. lib/kernels/coordinatewise-lstm-memory.ts lays all memory out, and `job` points to a
 * table of addresses. Blocks of groups of coordinates are independent: any thread may take any block.
 */
import { firstGroup, INPUTS, Job, preprocess } from './coordinatewise-lstm-job';
import { copyRows, ROW, stepLayer } from './coordinatewise-lstm-layer';
import { madd } from './simd-math';

export { backward, backwardScratchBytes } from './coordinatewise-lstm-backward';

/** The first address that the kernel's constants leave free. */
export function heapBase(): usize {
  return __heap_base;
}

/** Scratch that `step` needs, in bytes. */
export function stepScratchBytes(hidden: i32): usize {
  return <usize>(INPUTS + 8 * hidden) * ROW;
}

/** One step of every group of a block: state in place, updates out. */
export function step(job: Job, block: i32, scratch: usize): void {
  const hidden = job.hidden;
  const bytes = <usize>hidden * ROW;
  const x1 = scratch;
  const x2 = x1 + <usize>INPUTS * ROW + bytes;
  const gates = x2 + 2 * bytes;
  const tanhC = gates + 4 * bytes;
  const end = firstGroup(job, block + 1);
  for (let group = firstGroup(job, block); group < end; group++) {
    const h1 = job.state + <usize>group * 4 * bytes;
    const c1 = h1 + bytes;
    const h2 = c1 + bytes;
    const c2 = h2 + bytes;
    const gradients = job.gradients + <usize>group * ROW;
    preprocess(job, gradients, gradients + <usize>job.stride * 4, x1);
    copyRows(x1 + <usize>INPUTS * ROW, h1, hidden);
    stepLayer(hidden, job.layer1, x1, INPUTS + hidden, c1, c1, h1, gates, tanhC);
    copyRows(x2, h1, hidden);
    copyRows(x2 + bytes, h2, hidden);
    stepLayer(hidden, job.layer2, x2, 2 * hidden, c2, c2, h2, gates, tanhC);
    project(job, h2, job.updates + <usize>group * ROW);
  }
}

/** g = scale · (w·h2 + b), the update of Eq. 1. */
function project(job: Job, h2: usize, updates: usize): void {
  let weights = job.output;
  let sum0 = v128.load32_splat(weights);
  let sum1 = sum0;
  for (const end = h2 + <usize>job.hidden * ROW; h2 < end; h2 += ROW) {
    weights += 4;
    const w = v128.load32_splat(weights);
    sum0 = madd(v128.load(h2), w, sum0);
    sum1 = madd(v128.load(h2, 16), w, sum1);
  }
  const scale = f32x4.splat(job.outputScale);
  v128.store(updates, f32x4.mul(sum0, scale));
  v128.store(updates, f32x4.mul(sum1, scale), 16);
}
