/** What the parameters of recurrent layers start from. */
import type { RandomStream } from '../../numerics/random.ts';
import type { Tensor } from '../../numerics/safetensors.ts';

export function constant(length: number, value: number): Tensor {
  return { shape: [length], data: new Float32Array(length).fill(value) };
}

/** Glorot & Bengio: uniform in ±√(6/(rows + columns)), a gate at a time. [rows, gates·units] */
export function glorotGates(random: RandomStream, rows: number, units: number, gates: number): Tensor {
  const data = new Float32Array(rows * gates * units);
  const limit = Math.sqrt(6 / (rows + units));
  random.fillUniform(data, -limit, limit);
  return { shape: [rows, gates * units], data };
}

/** An orthogonal matrix a gate, side by side, as the paper's authors start their recurrent weights. [units, gates·units] */
export function orthogonalGates(random: Pick<RandomStream, 'fillNormal'>, units: number, gates: number): Tensor {
  const data = new Float32Array(units * gates * units);
  for (let gate = 0; gate < gates; gate++) {
    const rows = orthogonalRows(random, units);
    for (const [row, values] of rows.entries()) data.set(values, row * gates * units + gate * units);
  }
  return { shape: [units, gates * units], data };
}

/** Gram–Schmidt, twice over, of normal vectors. */
function orthogonalRows(random: Pick<RandomStream, 'fillNormal'>, size: number): Float32Array[] {
  const rows: Float32Array[] = [];
  while (rows.length < size) {
    const row = new Float32Array(size);
    random.fillNormal(row, 1);
    for (const other of [...rows, ...rows]) {
      let product = 0;
      for (let index = 0; index < size; index++) product += row[index]! * other[index]!;
      for (let index = 0; index < size; index++) row[index]! -= product * other[index]!;
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    rows.push(row.map((value) => value / norm));
  }
  return rows;
}
