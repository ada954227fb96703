/** A small stand-in for MS-COCO, made in code, for runs that only show that everything works: no figure comes from it. */
import { randomStream } from '../../numerics/random.ts';
import { captionFile, captionSplits, featureFile } from '../coco-captions.ts';
import { writeNpy } from '../npy.ts';
import { describedSide, describePicture, descriptorSize } from '../picture-descriptor.ts';

const pictures = { train: 120, val: 20, test: 50 } as const;
const colours = {
  red: [220, 40, 40],
  green: [40, 170, 60],
  blue: [50, 80, 220],
  yellow: [240, 210, 50],
  grey: [120, 120, 120],
};
const shapes = ['disc', 'square', 'ring', 'bar'] as const;
const places = { left: [11, 16], right: [21, 16], top: [16, 11], bottom: [16, 21] } as const;

/** The six files of `coco-captions`: one shape a picture, in one of five colours, at one of four places. */
export function makeCaptionedShapes(): Readonly<Record<string, Uint8Array>> {
  return Object.fromEntries(
    captionSplits.flatMap((split) => {
      const rows = pictures[split];
      const data = new Float32Array(rows * descriptorSize);
      const captions: string[] = [];
      for (let row = 0; row < rows; row++) {
        const random = randomStream(0, 'captioned shapes', split, row);
        const pick = <T>(choices: readonly T[]) => choices[random.uniformInteger(choices.length)]!;
        const [colour, rgb] = pick(Object.entries(colours));
        const [place, centre] = pick(Object.entries(places));
        const shape = pick(shapes);
        const radius = 5 + random.uniformInteger(4);
        data.set(describePicture(draw(shape, rgb, centre, radius)), row * descriptorSize);
        const size = radius < 7 ? 'small' : 'large';
        captions.push(
          `a ${colour} ${shape}`,
          `a ${size} ${colour} ${shape} at the ${place}`,
          `one ${shape} which is ${colour}`,
          `at the ${place} lies a ${size} ${shape}`,
          `the ${shape} is ${colour} and ${size} and lies at the ${place}`,
        );
      }
      return [
        [captionFile(split), new TextEncoder().encode(`${captions.join('\n')}\n`)],
        [featureFile(split), writeNpy({ rows, columns: descriptorSize, data })],
      ];
    }),
  );
}

function draw(
  shape: (typeof shapes)[number],
  rgb: readonly number[],
  [centreX, centreY]: readonly [number, number],
  radius: number,
): Uint8Array {
  const isInside = (x: number, y: number) => {
    const distance = Math.sqrt(x * x + y * y);
    if (shape === 'disc') return distance < radius;
    if (shape === 'ring') return distance < radius && distance > radius - 3;
    if (shape === 'bar') return Math.abs(x) < radius && Math.abs(y) < 2;
    return Math.max(Math.abs(x), Math.abs(y)) < radius - 1;
  };
  return Uint8Array.from({ length: 3 * describedSide ** 2 }, (_, index) => {
    const pixel = Math.floor(index / 3);
    const [y, x] = [Math.floor(pixel / describedSide), pixel % describedSide];
    return isInside(x - centreX, y - centreY) ? rgb[index % 3]! : 255;
  });
}
