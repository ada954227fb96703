/**
 * A photograph and rough class probabilities become sharp segments: before.png and after.png.
 *
 *     npm install stepwise @tensorflow/tfjs-core fast-png jpeg-js
 *     node refine-photograph.mjs PHOTOGRAPH
 *
 * PHOTOGRAPH is a JPEG or PNG file of your own. The rough segments are its colours, found by k-means on blocks of 16 × 16
 * pixels: as coarse as what a segmentation network puts out, and here in place of one. Give `refine` your network's
 * probabilities, resized to the picture. A picture of more than 500 000 pixels is made smaller first.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { decode as decodePng, encode as encodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { refine } from 'stepwise';

const mostPixels = 500_000;
const side = 16;
const clusters = 4;

const [file] = process.argv.slice(2);
if (!file) {
  console.error('Use: node refine-photograph.mjs PHOTOGRAPH');
  process.exit(2);
}
const picture = readPicture(file);
const before = segmentColours(picture);
const start = performance.now();
// The paper's α, from rough segments a long way. Nobody trained these affinities: they must fall steeply, or all becomes one.
const after = refine(picture, before, { alpha: 0.99, affinityWeights: -40 });
const milliseconds = performance.now() - start;

writeFileSync('before.png', paint(picture, before));
writeFileSync('after.png', paint(picture, after));
const contrast = { before: edgeContrast(picture, before), after: edgeContrast(picture, after) };
console.log(
  `${picture.width} × ${picture.height} pixels, ${before.classes} classes: ${after.steps} steps in ${milliseconds.toFixed(0)} ms, each probability within ${after.errorBound.toPrecision(1)} of the walk's limit`,
);
console.log(
  `colours on the two sides of a segment's edge differ by ${contrast.before.toFixed(3)} before, ${contrast.after.toFixed(3)} after; before.png and after.png show both`,
);
if (!(contrast.after > contrast.before)) throw new Error('Edges of segments should follow those of the picture.');

/** RGB from 0 to 1, [height, width, 3]. */
function readPicture(name) {
  const bytes = readFileSync(name);
  // refine takes grey and alpha too; painting over the picture does not, so that all becomes RGB here.
  const image = bytes[0] === 0xff ? decodeJpeg(bytes, { useTArray: true }) : decodePng(bytes);
  const { width, height, data, depth = 8 } = image;
  const channels = data.length / (width * height);
  const factor = Math.ceil(Math.sqrt((width * height) / mostPixels));
  const [columns, rows] = [Math.floor(width / factor), Math.floor(height / factor)];
  const rgb = new Float32Array(rows * columns * 3);
  for (let y = 0; y < rows * factor; y++) {
    for (let x = 0; x < columns * factor; x++) {
      const at = 3 * (Math.floor(y / factor) * columns + Math.floor(x / factor));
      for (let k = 0; k < 3; k++) {
        rgb[at + k] += data[channels * (y * width + x) + (channels < 3 ? 0 : k)] / (2 ** depth - 1) / factor ** 2;
      }
    }
  }
  return { width: columns, height: rows, data: rgb };
}

/** Colours of blocks by k-means, each block's share of every cluster, and those between the blocks' centres. */
function segmentColours({ width, height, data }) {
  const [columns, rows] = [Math.ceil(width / side), Math.ceil(height / side)];
  const blocks = Array.from({ length: rows * columns }, () => ({ sum: [0, 0, 0], count: 0 }));
  for (let pixel = 0; pixel < width * height; pixel++) {
    const block = blocks[Math.floor(pixel / width / side) * columns + Math.floor((pixel % width) / side)];
    for (let k = 0; k < 3; k++) block.sum[k] += data[3 * pixel + k];
    block.count++;
  }
  const colours = blocks.map(({ sum, count }) => sum.map((value) => value / count));
  const means = findClusters(colours);
  const distances = colours.map((colour) => means.map((mean) => squaredDistance(colour, mean)));
  const variance = distances.reduce((sum, d) => sum + Math.min(...d), 0) / distances.length + 1e-6;
  const shares = distances.map((d) => {
    const weights = d.map((distance) => Math.exp((Math.min(...d) - distance) / (2 * variance)));
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return weights.map((weight) => weight / sum);
  });
  const probabilities = new Float32Array(height * width * clusters);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [row, down] = between(y, rows);
      const [column, across] = between(x, columns);
      for (const [r, c, weight] of [
        [row, column, (1 - down) * (1 - across)],
        [row, column + 1, (1 - down) * across],
        [row + 1, column, down * (1 - across)],
        [row + 1, column + 1, down * across],
      ]) {
        const share = shares[Math.min(r, rows - 1) * columns + Math.min(c, columns - 1)];
        for (let k = 0; k < clusters; k++) probabilities[(y * width + x) * clusters + k] += weight * share[k];
      }
    }
  }
  return { height, width, classes: clusters, data: probabilities };
}

/** The block whose centre is at or before a pixel, and how far it is from there to the next one's. */
function between(pixel, count) {
  const place = Math.min(count - 1, Math.max(0, (pixel + 0.5) / side - 0.5));
  return [Math.floor(place), place % 1];
}

/** k-means: from the darkest colour and those farthest from all before, twenty rounds. */
function findClusters(colours) {
  const lightness = (colour) => colour[0] + colour[1] + colour[2];
  let means = [colours.reduce((least, colour) => (lightness(colour) < lightness(least) ? colour : least))];
  const farness = (colour) => Math.min(...means.map((mean) => squaredDistance(colour, mean)));
  while (means.length < clusters) {
    means.push(colours.reduce((most, colour) => (farness(colour) > farness(most) ? colour : most)));
  }
  for (let round = 0; round < 20; round++) {
    const members = means.map(() => []);
    for (const colour of colours) {
      const distances = means.map((mean) => squaredDistance(colour, mean));
      members[distances.indexOf(Math.min(...distances))].push(colour);
    }
    means = members.map((own, cluster) =>
      own.length === 0
        ? means[cluster]
        : [0, 1, 2].map((k) => own.reduce((sum, colour) => sum + colour[k], 0) / own.length),
    );
  }
  return means;
}

function squaredDistance(a, b) {
  return a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);
}

/** The most probable class of every pixel. */
function labelsOf({ data, classes }) {
  return Array.from({ length: data.length / classes }, (_, pixel) => {
    const own = data.subarray(pixel * classes, (pixel + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}

/** How much colours differ, |ΔR| + |ΔG| + |ΔB|, between neighbours of different segments, on average. */
function edgeContrast({ width, data }, probabilities) {
  const labels = labelsOf(probabilities);
  let [sum, count] = [0, 0];
  for (let pixel = 0; pixel < labels.length; pixel++) {
    for (const next of [(pixel + 1) % width === 0 ? labels.length : pixel + 1, pixel + width]) {
      if (next >= labels.length || labels[next] === labels[pixel]) continue;
      for (let k = 0; k < 3; k++) sum += Math.abs(data[3 * pixel + k] - data[3 * next + k]);
      count++;
    }
  }
  return sum / Math.max(1, count);
}

/** A PNG file of the picture in grey under its segments' colours, their edges in white. */
function paint({ width, height, data }, probabilities) {
  const palette = [
    [51, 34, 136],
    [221, 170, 51],
    [17, 119, 51],
    [204, 102, 119],
    [51, 187, 238],
    [136, 34, 85],
  ];
  const labels = labelsOf(probabilities);
  const rgb = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const grey = (255 * (data[3 * pixel] + data[3 * pixel + 1] + data[3 * pixel + 2])) / 3;
    const isEdge = (pixel + 1) % width !== 0 && labels[pixel + 1] !== labels[pixel];
    const colour = palette[labels[pixel] % palette.length];
    for (let k = 0; k < 3; k++) {
      rgb[3 * pixel + k] =
        isEdge || (labels[pixel + width] ?? labels[pixel]) !== labels[pixel] ? 255 : 0.5 * grey + 0.5 * colour[k];
    }
  }
  return encodePng({ width, height, data: rgb, channels: 3, depth: 8 });
}
