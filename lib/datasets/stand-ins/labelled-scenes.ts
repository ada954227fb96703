/** Labelled pictures made in code, for runs that only show that everything works: no figure comes from them. */
import { encode as encodeJpeg } from 'jpeg-js';
import { randomStream } from '../../numerics/random.ts';
import { type CheckedDataset, checkedFile } from '../importer.ts';
import { indexOf } from '../labelled-folder.ts';
import { labelFile, photographFile } from '../labelled-pictures.ts';

const [width, height] = [64, 48];
const trained = 12;
const validated = 6;
const classNames = ['sky', 'ground', 'disc', 'box'];
const edgeOfVoid = 1;

/**
 * Sky above ground, a disc and a box before them, each class near a colour of its own; void along the picture's left edge.
 *
 * @param first number of the first scene, so that the place holders of several datasets are not the same pictures
 */
export function makeLabelledScenes(first = 0): CheckedDataset {
  const name = (index: number) => `scene-${String(index).padStart(2, '0')}`;
  const names = Array.from({ length: trained + validated }, (_, index) => name(index));
  return {
    origin: 'stand-in',
    description: `Labelled photographs’ place holder: ${names.length} scenes of discs and boxes, made in code.`,
    files: [
      indexOf({
        formatVersion: 1,
        labelFormat: 'regions',
        classNames,
        training: names.slice(0, trained),
        validation: names.slice(trained),
      }),
      ...names.flatMap((sceneName, index) => {
        const { labels, jpeg } = makeScene(first + index);
        return [
          checkedFile(photographFile(sceneName), jpeg),
          checkedFile(labelFile(sceneName, 'regions'), Buffer.from(labels)),
        ];
      }),
    ],
  };
}

function makeScene(index: number): { readonly labels: string; readonly jpeg: Uint8Array } {
  const random = randomStream(0, 'labelled scene', index);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const colours = [
    [130, 180, 230],
    [110, 140, 70],
    [210, 70, 60],
    [90, 80, 160],
  ].map((colour) => colour.map((channel) => channel + between(-20, 20)));
  const horizon = between(0.3, 0.7) * height;
  const disc = { x: between(8, width - 8), y: between(8, height - 8), radius: between(5, 11) };
  const box = { x: between(2, width - 18), y: between(2, height - 18), width: between(8, 16), height: between(8, 16) };
  const rgba = Buffer.alloc(4 * width * height, 255);
  const rows: string[] = [];
  for (let y = 0; y < height; y++) {
    const row: number[] = [];
    for (let x = 0; x < width; x++) {
      let label = y < horizon ? 0 : 1;
      if (x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height) label = 3;
      if (Math.hypot(x - disc.x, y - disc.y) < disc.radius) label = 2;
      row.push(x < edgeOfVoid ? -1 : label);
      for (const [channel, value] of colours[label]!.entries()) {
        rgba[4 * (y * width + x) + channel] = Math.max(0, Math.min(255, Math.round(value + 12 * random.normal())));
      }
    }
    rows.push(row.join(' '));
  }
  return { labels: `${rows.join('\n')}\n`, jpeg: encodeJpeg({ width, height, data: rgba }, 95).data };
}
