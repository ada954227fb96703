/** How well predictions agree with what was measured: Pearson's and Spearman's correlation, and the mean squared error. */

/** Pearson's r. NaN where one of the two does not vary. Throws RangeError where they differ in length or are empty. */
export function pearsonCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkPairs('pearsonCorrelation', x, y);
  const meanX = mean(x);
  const meanY = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let index = 0; index < x.length; index++) {
    const dx = x[index]! - meanX;
    const dy = y[index]! - meanY;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Spearman's ρ: Pearson's r of the ranks, where equal values share the mean of their ranks. */
export function spearmanCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkPairs('spearmanCorrelation', x, y);
  return pearsonCorrelation(averageRanks(x), averageRanks(y));
}

export function meanSquaredError(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  checkPairs('meanSquaredError', predicted, actual);
  let sum = 0;
  for (let index = 0; index < predicted.length; index++) sum += (predicted[index]! - actual[index]!) ** 2;
  return sum / predicted.length;
}

/** Ranks from 1; equal values share the mean of the ranks that they take. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length; ) {
    let next = first + 1;
    while (next < order.length && values[order[next]!] === values[order[first]!]) next++;
    for (let place = first; place < next; place++) ranks[order[place]!] = (first + 1 + next) / 2;
    first = next;
  }
  return ranks;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum / values.length;
}

function checkPairs(name: string, x: ArrayLike<number>, y: ArrayLike<number>): void {
  if (x.length === y.length && x.length > 0) return;
  throw new RangeError(`${name}: both must have as many values, at least one; got ${x.length} and ${y.length}.`);
}
