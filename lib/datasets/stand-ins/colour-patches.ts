/** A small stand-in for CIFAR-10, made in code, for runs that only show that everything works: no figure comes from it. */
import { randomStream } from '../../numerics/random.ts';

const recordsPerFile = 100;
const names = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`).concat('test_batch.bin');

/** The six files of CIFAR-10's binary layout: a class is a colour and the width of its stripes, under noise. */
export function makeColourPatches(): Readonly<Record<string, Uint8Array>> {
  return Object.fromEntries(names.map((name) => [name, makeFile(name)]));
}

function makeFile(name: string): Uint8Array {
  const random = randomStream(0, 'colour patches', name);
  const bytes = new Uint8Array(recordsPerFile * 3073);
  for (let record = 0; record < recordsPerFile; record++) {
    const label = record % 10;
    const start = record * 3073;
    bytes[start] = label;
    const phase = random.uniformInteger(32);
    for (let place = 0; place < 3072; place++) {
      const plane = Math.floor(place / 1024);
      const stripe = Math.floor((phase + (place % 32)) / (1 + (label % 5))) % 2;
      const colour = (label * (plane + 3) * 29) % 128;
      bytes[start + 1 + place] = colour + 60 * stripe + random.uniformInteger(64);
    }
  }
  return bytes;
}
