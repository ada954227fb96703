/** Pictures made in code, for runs that only show that everything works: no figure comes from them. */
import { randomStream } from '../../numerics/random.ts';
import type { NamedPicture } from '../packed-pictures.ts';

/** Square pictures of a disc before a gradient, each in colours of its own. */
export function makeScenes(count: number, side: number): readonly NamedPicture[] {
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(0, 'scene', index);
    const [sky, ground, disc] = [colour(), colour(), colour()];
    const [x0, y0, radius] = [random.uniform() * side, random.uniform() * side, (0.15 + 0.2 * random.uniform()) * side];
    function colour() {
      return [0, 1, 2].map(() => random.uniformInteger(256));
    }
    return paint(`scene ${index}`, side, (x, y, channel) => {
      if (Math.hypot(x - x0, y - y0) < radius) return disc[channel]!;
      return sky[channel]! + (ground[channel]! - sky[channel]!) * (y / side);
    });
  });
}

/** Square pictures of crossing waves between two colours. */
export function makeTextures(count: number, side: number): readonly NamedPicture[] {
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(0, 'texture', index);
    const [dark, light] = [0, 128].map((lowest) => [0, 1, 2].map(() => lowest + random.uniformInteger(128)));
    const [across, down] = [1, 1].map((least) => ((least + random.uniformInteger(4)) * Math.PI) / 16);
    return paint(`texture ${index}`, side, (x, y, channel) => {
      const share = 0.5 + 0.25 * (Math.sin(across! * x) + Math.cos(down! * y + across! * x));
      return dark![channel]! + (light![channel]! - dark![channel]!) * share;
    });
  });
}

function paint(name: string, side: number, value: (x: number, y: number, channel: number) => number): NamedPicture {
  const rgb = Uint8Array.from({ length: 3 * side * side }, (_, at) =>
    Math.round(value(Math.floor(at / 3) % side, Math.floor(at / (3 * side)), at % 3)),
  );
  return { name, width: side, height: side, rgb };
}
