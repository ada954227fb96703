/**
 * The gradient of Σ_t ⟨updateGradients_t, g_t⟩ with respect to the optimizer's parameters φ, through a window of steps:
 * what L(φ) needs once ∂∇_t/∂φ is dropped (section 2, the dashed edges of Figure 2).
 *
 * No tape is kept while stepping. The window's start state and gradients are, and each group of eight coordinates runs
 * the window again, which costs a forward pass and keeps its tape (180 KB at 20 steps of 2 × 20 units) in the cache.
 */
import { firstGroup, INPUTS, Job, preprocess } from './coordinatewise-lstm-job';
import { affine, copyRows, ROW, stepLayer } from './coordinatewise-lstm-layer';
import { madd } from './simd-math';

/** A group's tape, in the thread's scratch. One address a quantity; strides between steps are below. */
let x1: usize = 0; // rows [steps + 1][∇'s inputs (2), h1 before]
let x2: usize = 0; // rows [steps + 1][h1 after, h2 before]
let c1: usize = 0; // rows [steps + 1][hidden], before
let c2: usize = 0;
let gates1: usize = 0; // rows [steps][hidden][i, f, g, o]; the sweep puts dz in their place
let gates2: usize = 0;
let tanhC1: usize = 0; // rows [steps][hidden], after
let tanhC2: usize = 0;
let dOutput: usize = 0; // rows [steps]
let dx1: usize = 0; // rows [hidden]: d h1
let dx2: usize = 0; // rows [2·hidden]: d h1, d h2
let dc1: usize = 0; // rows [hidden]
let dc2: usize = 0;
let gathered: usize = 0; // two rows

/** Sets the tape's addresses; returns its end. */
function layOut(hidden: i32, steps: i32, scratch: usize): usize {
  const bytes = <usize>hidden * ROW;
  const t = <usize>steps;
  x1 = scratch;
  x2 = x1 + (t + 1) * (<usize>INPUTS * ROW + bytes);
  c1 = x2 + (t + 1) * 2 * bytes;
  c2 = c1 + (t + 1) * bytes;
  gates1 = c2 + (t + 1) * bytes;
  gates2 = gates1 + t * 4 * bytes;
  tanhC1 = gates2 + t * 4 * bytes;
  tanhC2 = tanhC1 + t * bytes;
  dOutput = tanhC2 + t * bytes;
  dx1 = dOutput + t * ROW;
  dx2 = dx1 + bytes;
  dc1 = dx2 + 2 * bytes;
  dc2 = dc1 + bytes;
  gathered = dc2 + bytes;
  return gathered + 2 * ROW;
}

/** Scratch that `backward` needs, in bytes. */
export function backwardScratchBytes(hidden: i32, steps: i32): usize {
  return layOut(hidden, steps, 0);
}

/** Writes the block's sums over its coordinates into its own partial: layer 1, layer 2 (packed as forward), output. */
export function backward(job: Job, block: i32, scratch: usize): void {
  const hidden = job.hidden;
  layOut(hidden, job.steps, scratch);
  const partial1 = job.partials + <usize>block * <usize>job.partialFloats * 4;
  const partial2 = partial1 + <usize>hidden * <usize>(1 + INPUTS + hidden) * 16;
  const partial3 = partial2 + <usize>hidden * <usize>(1 + 2 * hidden) * 16;
  memory.fill(partial1, 0, <usize>job.partialFloats * 4);
  const end = firstGroup(job, block + 1);
  for (let group = firstGroup(job, block); group < end; group++) {
    recompute(job, group);
    sweep(job, group);
    addWeightGradients(hidden, job.steps, gates1, x1, INPUTS + hidden, partial1);
    addWeightGradients(hidden, job.steps, gates2, x2, 2 * hidden, partial2);
    addOutputGradients(hidden, job.steps, partial3);
  }
}

/** Runs the window again from its start state and keeps the tape. */
function recompute(job: Job, group: i32): void {
  const hidden = job.hidden;
  const bytes = <usize>hidden * ROW;
  const stride1 = <usize>INPUTS * ROW + bytes;
  const lanes = job.selected + <usize>group * ROW;
  gatherState(job, lanes);
  for (let t = 0; t < job.steps; t++) {
    const at = <usize>t;
    const x1t = x1 + at * stride1;
    const x2t = x2 + at * 2 * bytes;
    const rowBytes = <usize>job.stride * 4;
    const gradients = job.gradients + at * <usize>job.inputRows * rowBytes;
    gatherRow(gradients, lanes, gathered);
    if (job.inputRows == 2) gatherRow(gradients + rowBytes, lanes, gathered + ROW);
    preprocess(job, gathered, gathered + ROW, x1t);
    const nextH1 = x1t + stride1 + <usize>INPUTS * ROW;
    const c1t = c1 + at * bytes;
    stepLayer(hidden, job.layer1, x1t, INPUTS + hidden, c1t, c1t + bytes, nextH1, gates1 + at * 4 * bytes, tanhC1 + at * bytes);
    copyRows(x2t, nextH1, hidden);
    const c2t = c2 + at * bytes;
    const nextH2 = x2t + 3 * bytes;
    stepLayer(hidden, job.layer2, x2t, 2 * hidden, c2t, c2t + bytes, nextH2, gates2 + at * 4 * bytes, tanhC2 + at * bytes);
  }
}

/** The start state of the group's coordinates, wherever they are, into the tape; zero in unused lanes. */
function gatherState(job: Job, lanes: usize): void {
  const bytes = <usize>job.hidden * ROW;
  for (let lane: usize = 0; lane < ROW; lane += 4) {
    const coordinate = load<i32>(lanes + lane);
    const from = job.state + <usize>(coordinate >> 3) * 4 * bytes + <usize>(coordinate & 7) * 4;
    for (let at: usize = 0; at < bytes; at += ROW) {
      const used = coordinate >= 0;
      store<f32>(x1 + <usize>INPUTS * ROW + at + lane, used ? load<f32>(from + at) : 0);
      store<f32>(c1 + at + lane, used ? load<f32>(from + bytes + at) : 0);
      store<f32>(x2 + bytes + at + lane, used ? load<f32>(from + 2 * bytes + at) : 0);
      store<f32>(c2 + at + lane, used ? load<f32>(from + 3 * bytes + at) : 0);
    }
  }
}

function gatherRow(floats: usize, lanes: usize, to: usize): void {
  for (let lane: usize = 0; lane < ROW; lane += 4) {
    const coordinate = load<i32>(lanes + lane);
    store<f32>(to + lane, coordinate >= 0 ? load<f32>(floats + <usize>coordinate * 4) : 0);
  }
}

/** From the window's last step to its first: dz of every gate, in place of the gates. */
function sweep(job: Job, group: i32): void {
  const hidden = job.hidden;
  const bytes = <usize>hidden * ROW;
  // Truncated: nothing comes from beyond the window.
  memory.fill(dx1, 0, gathered - dx1);
  const scale = f32x4.splat(job.outputScale);
  for (let t = job.steps - 1; t >= 0; t--) {
    const at = <usize>t;
    // g = scale · (w·h2 + b):  d h2 += w · scale · dg
    const dUpdate = job.updates + (at * <usize>job.groups + <usize>group) * ROW;
    const d0 = f32x4.mul(v128.load(dUpdate), scale);
    const d1 = f32x4.mul(v128.load(dUpdate, 16), scale);
    v128.store(dOutput + at * ROW, d0);
    v128.store(dOutput + at * ROW, d1, 16);
    let weight = job.output;
    for (let row = dx2 + bytes; row < dx2 + 2 * bytes; row += ROW) {
      weight += 4;
      const w = v128.load32_splat(weight);
      v128.store(row, madd(d0, w, v128.load(row)));
      v128.store(row, madd(d1, w, v128.load(row, 16)), 16);
    }
    const dz2 = gates2 + at * 4 * bytes;
    sweepLayer(bytes, dx2 + bytes, dc2, c2 + at * bytes, dz2, tanhC2 + at * bytes);
    affine(hidden >> 1, job.transposed2, dz2, 4 * hidden, dx2);
    for (let row: usize = 0; row < bytes; row += 16) {
      v128.store(dx1 + row, f32x4.add(v128.load(dx1 + row), v128.load(dx2 + row)));
    }
    const dz1 = gates1 + at * 4 * bytes;
    sweepLayer(bytes, dx1, dc1, c1 + at * bytes, dz1, tanhC1 + at * bytes);
    affine(hidden >> 2, job.transposed1, dz1, 4 * hidden, dx1);
  }
}

/**
 * One layer, one step. h′ = o ⊙ τ with τ = tanh(c′), c′ = f ⊙ c + i ⊙ g, so with dc coming from the step after:
 *
 *   dc += dh ⊙ o ⊙ (1 − τ²)
 *   dz_i = dc ⊙ g ⊙ i(1 − i)   dz_f = dc ⊙ c ⊙ f(1 − f)   dz_g = dc ⊙ i ⊙ (1 − g²)   dz_o = dh ⊙ τ ⊙ o(1 − o)
 *   dc ← dc ⊙ f, for the step before
 */
function sweepLayer(bytes: usize, dh: usize, dc: usize, c: usize, gates: usize, tanhC: usize): void {
  const one = f32x4.splat(1);
  for (let at: usize = 0; at < bytes; at += 16) {
    const gate = gates + (at & ~(ROW - 1)) * 4 + (at & 16);
    const i = v128.load(gate);
    const f = v128.load(gate, 32);
    const g = v128.load(gate, 64);
    const o = v128.load(gate, 96);
    const tau = v128.load(tanhC + at);
    const dht = v128.load(dh + at);
    const dho = f32x4.mul(dht, o);
    const dct = madd(dho, f32x4.sub(one, f32x4.mul(tau, tau)), v128.load(dc + at));
    const dci = f32x4.mul(dct, i);
    const dcf = f32x4.mul(dct, f);
    v128.store(gate, f32x4.mul(f32x4.mul(dci, g), f32x4.sub(one, i)));
    v128.store(gate, f32x4.mul(f32x4.mul(dcf, v128.load(c + at)), f32x4.sub(one, f)), 32);
    v128.store(gate, f32x4.mul(dci, f32x4.sub(one, f32x4.mul(g, g))), 64);
    v128.store(gate, f32x4.mul(f32x4.mul(dho, tau), f32x4.sub(one, o)), 96);
    v128.store(dc + at, dcf);
  }
}

/** [Σ lanes of a, of b, of c, of d]. */
// @ts-ignore: decorator
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline
function addTo(address: usize, value: v128): void {
  v128.store(address, f32x4.add(v128.load(address), value));
}

/**
 * dW += Σ_t dz_t x_tᵀ and db += Σ_t dz_t for one layer: x rows [steps][count], count even; `sums` [hidden][1 + count][4],
 * packed as the weights. A unit's four gates × two inputs are the eight sums that stay in registers over the window.
 */
function addWeightGradients(hidden: i32, steps: i32, dz: usize, x: usize, count: i32, sums: usize): void {
  const dzStride = <usize>hidden * 4 * ROW;
  const xStride = <usize>count * ROW;
  for (const lastUnit = dz + dzStride; dz < lastUnit; dz += 4 * ROW) {
    const end = dz + <usize>steps * dzStride;
    let i = f32x4.splat(0);
    let f = i;
    let g = i;
    let o = i;
    for (let gate = dz; gate < end; gate += dzStride) {
      i = f32x4.add(i, f32x4.add(v128.load(gate), v128.load(gate, 16)));
      f = f32x4.add(f, f32x4.add(v128.load(gate, 32), v128.load(gate, 48)));
      g = f32x4.add(g, f32x4.add(v128.load(gate, 64), v128.load(gate, 80)));
      o = f32x4.add(o, f32x4.add(v128.load(gate, 96), v128.load(gate, 112)));
    }
    addTo(sums, sumLanes(i, f, g, o));
    sums += 16;
    for (let pair = x; pair < x + xStride; pair += 2 * ROW) {
      let i0 = f32x4.splat(0);
      let f0 = i0;
      let g0 = i0;
      let o0 = i0;
      let i1 = i0;
      let f1 = i0;
      let g1 = i0;
      let o1 = i0;
      let row = pair;
      for (let gate = dz; gate < end; gate += dzStride, row += xStride) {
        for (let half: usize = 0; half < ROW; half += 16) {
          const a = v128.load(row + half);
          const b = v128.load(row + half, 32);
          let d = v128.load(gate + half);
          i0 = madd(a, d, i0);
          i1 = madd(b, d, i1);
          d = v128.load(gate + half, 32);
          f0 = madd(a, d, f0);
          f1 = madd(b, d, f1);
          d = v128.load(gate + half, 64);
          g0 = madd(a, d, g0);
          g1 = madd(b, d, g1);
          d = v128.load(gate + half, 96);
          o0 = madd(a, d, o0);
          o1 = madd(b, d, o1);
        }
      }
      addTo(sums, sumLanes(i0, f0, g0, o0));
      addTo(sums + 16, sumLanes(i1, f1, g1, o1));
      sums += 32;
    }
  }
}

/** db += Σ_t d_t and dw += Σ_t d_t h2_t for the output layer; `sums` [1 + hidden]. */
function addOutputGradients(hidden: i32, steps: i32, sums: usize): void {
  const bytes = <usize>hidden * ROW;
  const end = dOutput + <usize>steps * ROW;
  for (let unit = -1; unit < hidden; unit++) {
    let sum = f32x4.splat(0);
    // h2 after step t is the second half of x2 at t + 1.
    let h2 = x2 + 3 * bytes + <usize>unit * ROW;
    for (let d = dOutput; d < end; d += ROW, h2 += 2 * bytes) {
      if (unit < 0) {
        sum = f32x4.add(sum, f32x4.add(v128.load(d), v128.load(d, 16)));
      } else {
        sum = madd(v128.load(d), v128.load(h2), sum);
        sum = madd(v128.load(d, 16), v128.load(h2, 16), sum);
      }
    }
    const total = sumLanes(sum, sum, sum, sum);
    store<f32>(sums, load<f32>(sums) + f32x4.extract_lane(total, 0));
    sums += 4;
  }
}
