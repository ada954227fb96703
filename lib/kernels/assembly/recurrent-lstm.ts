/**
 * One example of one step of an LSTM (arXiv 1607.06450, Eqs 20–22; with `normalized` 0 the same without layer normalization),
 * and the reverse. LN(a; α, β) = α ⊙ (a − μ)/√(σ² + ε) + β:
 *
 *   [f i o g] = LN(x Wx; α1) + LN(h Wh; α2) + b
 *   c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g)
 *   h′ = σ(o) ⊙ tanh(LN(c′; α3, β3))
 *
 * The state that is carried is c itself. Moments are those of x Wx, h Wh and c′.
 */
import { addTo, meanOfLanes, measureRow, reverseRow } from './padded-rows';
import {
  BIAS, GRADIENTS, INPUT_GAIN, OTHERS, RECURRENT_GAIN, RecurrentJob, rowBytes, segmentBytes, spareRow, vector,
} from './recurrent-job';
import { madd, sigmoidBy, tanhBy } from './simd-math';

/** sums: x Wx, or all of x Wx + h Wh where nothing is normalised; recurrent: h Wh. Both become what `lstmBackward` needs. */
export function lstmForward(
  job: RecurrentJob, sums: usize, recurrent: usize, activations: usize, lastCell: usize, cell: usize, moments: usize,
  hidden: usize,
): void {
  if (job.normalized) normalizedForward(job, sums, recurrent, activations, lastCell, cell, moments, hidden);
  else plainForward(job, sums, lastCell, cell, hidden);
}

/**
 * sums and recurrent become the gradients with respect to x Wx and h Wh. hiddenGradient: ∂/∂h′, then what reaches h other
 * than through h Wh: nothing. cellGradient: ∂/∂c′ from later steps, then ∂/∂c.
 */
export function lstmBackward(
  job: RecurrentJob, sums: usize, recurrent: usize, activations: usize, lastCell: usize, cell: usize, moments: usize,
  hiddenGradient: usize, cellGradient: usize,
): void {
  if (job.normalized) {
    reverseOutput(job, activations + 2 * segmentBytes(job), cell, moments, hiddenGradient, cellGradient);
    reverseGates(job, activations, lastCell, cellGradient);
    reverseSums(job, sums, recurrent, activations, moments);
  } else {
    plainBackward(job, sums, lastCell, cell, hiddenGradient, cellGradient);
  }
  memory.fill(hiddenGradient, 0, segmentBytes(job));
}

/** z: sums of one example, then activations. */
function plainForward(job: RecurrentJob, z: usize, lastCell: usize, cell: usize, hidden: usize): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  let bias = vector(job, BIAS);
  for (const end = z + block; z < end; z += 16) {
    const f = sigmoidBy(f32x4.add(v128.load(z), v128.load(bias)), table);
    const i = sigmoidBy(f32x4.add(v128.load(z + block), v128.load(bias + block)), table);
    const o = sigmoidBy(f32x4.add(v128.load(z + 2 * block), v128.load(bias + 2 * block)), table);
    const g = tanhBy(f32x4.add(v128.load(z + 3 * block), v128.load(bias + 3 * block)), table);
    const c = madd(f, v128.load(lastCell), f32x4.mul(i, g));
    v128.store(z, f);
    v128.store(z + block, i);
    v128.store(z + 2 * block, o);
    v128.store(z + 3 * block, g);
    v128.store(cell, c);
    v128.store(hidden, f32x4.mul(o, tanhBy(c, table)));
    bias += 16;
    lastCell += 16;
    cell += 16;
    hidden += 16;
  }
}

/** x and r: x Wx and h Wh of one example, then (a − μ)/σ of each. */
function normalizedForward(
  job: RecurrentJob, x: usize, r: usize, activations: usize, lastCell: usize, cell: usize, moments: usize, hidden: usize,
): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  const units = job.units;
  measureRow(x, 4, units, block, job.epsilon, moments);
  measureRow(r, 4, units, block, job.epsilon, moments + 8);
  normalizeGates(job, x, r, moments, activations);
  let z = activations;
  const end = z + block;
  for (let c = cell; z < end; z += 16) {
    const f = sigmoidBy(v128.load(z), table);
    const i = sigmoidBy(v128.load(z + block), table);
    const o = sigmoidBy(v128.load(z + 2 * block), table);
    const g = tanhBy(v128.load(z + 3 * block), table);
    v128.store(z, f);
    v128.store(z + block, i);
    v128.store(z + 2 * block, o);
    v128.store(z + 3 * block, g);
    v128.store(c, madd(f, v128.load(lastCell), f32x4.mul(i, g)));
    lastCell += 16;
    c += 16;
  }
  measureRow(cell, 1, units, block, job.epsilon, moments + 16);
  const mean = v128.load32_splat(moments, 16);
  const scale = v128.load32_splat(moments, 20);
  let o = activations + 2 * block;
  let gain = vector(job, OTHERS);
  for (const last = o + block; o < last; o += 16) {
    const normal = f32x4.mul(f32x4.sub(v128.load(cell), mean), scale);
    const y = madd(normal, v128.load(gain), v128.load(gain + block));
    v128.store(hidden, f32x4.mul(v128.load(o), tanhBy(y, table)));
    cell += 16;
    gain += 16;
    hidden += 16;
  }
}

/** z = α1 ⊙ x̂ + α2 ⊙ r̂ + b; x and r become x̂ and r̂. */
function normalizeGates(job: RecurrentJob, x: usize, r: usize, moments: usize, z: usize): void {
  const row = rowBytes(job);
  const meanX = v128.load32_splat(moments);
  const scaleX = v128.load32_splat(moments, 4);
  const meanR = v128.load32_splat(moments, 8);
  const scaleR = v128.load32_splat(moments, 12);
  let parameters = vector(job, BIAS);
  for (const end = x + row; x < end; x += 16) {
    const normalX = f32x4.mul(f32x4.sub(v128.load(x), meanX), scaleX);
    const normalR = f32x4.mul(f32x4.sub(v128.load(r), meanR), scaleR);
    v128.store(x, normalX);
    v128.store(r, normalR);
    const sum = madd(normalR, v128.load(parameters + RECURRENT_GAIN * row), v128.load(parameters));
    v128.store(z, madd(normalX, v128.load(parameters + INPUT_GAIN * row), sum));
    r += 16;
    z += 16;
    parameters += 16;
  }
}

/** z: activations of one example, then ∂/∂z. cellGradient: ∂/∂c′ from later steps, then ∂/∂c. */
function plainBackward(
  job: RecurrentJob, z: usize, lastCell: usize, cell: usize, hiddenGradient: usize, cellGradient: usize,
): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  const one = f32x4.splat(1);
  let biasGradient = vector(job, GRADIENTS + BIAS);
  for (const end = z + block; z < end; z += 16) {
    const f = v128.load(z);
    const i = v128.load(z + block);
    const o = v128.load(z + 2 * block);
    const g = v128.load(z + 3 * block);
    const t = tanhBy(v128.load(cell), table);
    const dh = v128.load(hiddenGradient);
    const dc = madd(f32x4.mul(dh, o), f32x4.sub(one, f32x4.mul(t, t)), v128.load(cellGradient));
    const di = f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i)));
    const df = f32x4.mul(f32x4.mul(dc, v128.load(lastCell)), f32x4.mul(f, f32x4.sub(one, f)));
    const dg = f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g)));
    const d0 = f32x4.mul(f32x4.mul(dh, t), f32x4.mul(o, f32x4.sub(one, o)));
    v128.store(z, df);
    v128.store(z + block, di);
    v128.store(z + 2 * block, d0);
    v128.store(z + 3 * block, dg);
    addTo(biasGradient, df);
    addTo(biasGradient + block, di);
    addTo(biasGradient + 2 * block, d0);
    addTo(biasGradient + 3 * block, dg);
    v128.store(cellGradient, f32x4.mul(dc, f));
    biasGradient += 16;
    lastCell += 16;
    cell += 16;
    hiddenGradient += 16;
    cellGradient += 16;
  }
}

/** h′ = σ(o) ⊙ tanh(LN(c′; α3, β3)). o: σ(o), then ∂/∂o. Adds to cellGradient what reaches c′ through h′. */
function reverseOutput(
  job: RecurrentJob, o: usize, cell: usize, moments: usize, hiddenGradient: usize, cellGradient: usize,
): void {
  const table = job.scratch;
  const block = segmentBytes(job);
  const one = f32x4.splat(1);
  const mean = v128.load32_splat(moments, 16);
  const scale = v128.load32_splat(moments, 20);
  const gain = vector(job, OTHERS);
  const gainGradient = vector(job, GRADIENTS + OTHERS);
  const normals = spareRow(job, 0);
  const weighted = spareRow(job, 1);
  let sum = f32x4.splat(0);
  let products = sum;
  for (let unit: usize = 0; unit < block; unit += 16) {
    const a = v128.load(gain + unit);
    const normal = f32x4.mul(f32x4.sub(v128.load(cell + unit), mean), scale);
    const t = tanhBy(madd(normal, a, v128.load(gain + unit + block)), table);
    const s = v128.load(o + unit);
    const dh = v128.load(hiddenGradient + unit);
    v128.store(o + unit, f32x4.mul(f32x4.mul(dh, t), f32x4.mul(s, f32x4.sub(one, s))));
    const dy = f32x4.mul(f32x4.mul(dh, s), f32x4.sub(one, f32x4.mul(t, t)));
    addTo(gainGradient + unit, f32x4.mul(dy, normal));
    addTo(gainGradient + unit + block, dy);
    const w = f32x4.mul(dy, a);
    sum = f32x4.add(sum, w);
    products = madd(w, normal, products);
    v128.store(normals + unit, normal);
    v128.store(weighted + unit, w);
  }
  sum = meanOfLanes(sum, job.units);
  products = meanOfLanes(products, job.units);
  for (let unit: usize = 0; unit < block; unit += 16) {
    const d = f32x4.sub(f32x4.sub(v128.load(weighted + unit), sum), f32x4.mul(v128.load(normals + unit), products));
    v128.store(cellGradient + unit, madd(d, scale, v128.load(cellGradient + unit)));
  }
}

/** c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g). z: activations of i, f and g, then ∂/∂z. */
function reverseGates(job: RecurrentJob, z: usize, lastCell: usize, cellGradient: usize): void {
  const block = segmentBytes(job);
  const one = f32x4.splat(1);
  for (const end = z + block; z < end; z += 16) {
    const f = v128.load(z);
    const i = v128.load(z + block);
    const g = v128.load(z + 3 * block);
    const dc = v128.load(cellGradient);
    v128.store(z + block, f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i))));
    const df = f32x4.mul(dc, v128.load(lastCell));
    v128.store(z, f32x4.mul(df, f32x4.mul(f, f32x4.sub(one, f))));
    v128.store(z + 3 * block, f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g))));
    v128.store(cellGradient, f32x4.mul(dc, f));
    lastCell += 16;
    cellGradient += 16;
  }
}

/** z = α1 ⊙ x̂ + α2 ⊙ r̂ + b, given ∂/∂z. x and r: x̂ and r̂, then the gradients of what they were normalised from. */
function reverseSums(job: RecurrentJob, x: usize, r: usize, z: usize, moments: usize): void {
  const row = rowBytes(job);
  const bias = vector(job, GRADIENTS + BIAS);
  for (let at: usize = 0; at < row; at += 16) addTo(bias + at, v128.load(z + at));
  const gradients = vector(job, GRADIENTS);
  const count = 4 * job.units;
  reverseRow(x, z, vector(job, INPUT_GAIN), gradients + INPUT_GAIN * row, load<f32>(moments, 4), row, count);
  reverseRow(r, z, vector(job, RECURRENT_GAIN), gradients + RECURRENT_GAIN * row, load<f32>(moments, 12), row, count);
}
