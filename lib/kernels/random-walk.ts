/**
 * Affinities of pixels and steps of a random walk (arXiv 1605.07681, §4.2 and 4.3) as operations of TensorFlow.js, on the SIMD
 * kernel of assembly/random-walk.ts. Neither the differences of features nor the matrix A are ever made.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Neighbourhood } from '../random-walk/neighbourhood.ts';
import type { KernelOptions } from './kernel-instance.ts';
import { randomWalkBinaries as binaries, type RandomWalkExports, windowWords } from './random-walk-window.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

type Shape = readonly [images: number, height: number, width: number, columns: number];

/**
 * w = exp(Σ_k θ_k |φ_k(i) − φ_k(j)|), 0 for pairs that leave the image. Exponents are held within [−87.3, 88.3], so that no
 * affinity of a pair underflows to zero. Differentiable once; shapes are the caller's to check.
 *
 * @param features φ [images, height, width, channels]
 * @param weights θ [channels]
 * @returns [images, height, width, offsets]
 */
export function pixelAffinitiesOnKernel(
  features: tf.Tensor4D,
  weights: tf.Tensor1D,
  neighbourhood: Neighbourhood,
  options: KernelOptions = {},
): tf.Tensor4D {
  const [images, height, width, channels] = features.shape;
  const places = neighbourhood.offsets.length;
  const shape: Shape = [images, height, width, places];
  const operation = tf.customGrad((...inputs) => {
    const [phi, theta, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const w = withTensors<RandomWalkExports, tf.Tensor>(binaries, options, (kernel, memory) => {
      const result = memory.result(shape);
      const grid = gridWords(memory, neighbourhood, [images, height, width, channels]);
      const [phiAt, thetaAt] = [memory.address(phi), memory.address(theta)];
      for (let image = 0; image < images; image++) {
        const of = imageAddress(image, height * width);
        kernel.affinities(of(phiAt, channels), thetaAt, of(result.address, places), ...grid);
      }
      return result.tensor();
    });
    save([phi, theta, w]);

    const gradFunc = (dw: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('pixel affinities');
      const [dPhi, dTheta] = withTensors<RandomWalkExports, [tf.Tensor, tf.Tensor]>(
        binaries,
        options,
        (kernel, memory) => {
          const padded = 4 * Math.ceil(channels / 4);
          const byFeatures = memory.result(phi.shape);
          const byWeights = memory.result([images, padded]);
          const q = memory.scratch(4 * height * width * places);
          const rowSums = memory.scratch(4 * padded);
          const grid = gridWords(memory, neighbourhood, [images, height, width, channels]);
          const [phiAt, thetaAt, wAt] = saved.map((tensor) => memory.address(tensor)) as [number, number, number];
          const dwAt = memory.address(dw);
          for (let image = 0; image < images; image++) {
            const of = imageAddress(image, height * width);
            const [from, to] = [of(phiAt, channels), of(byFeatures.address, channels)];
            const sums = byWeights.address + 4 * padded * image;
            kernel.affinityGradients(from, thetaAt, of(wAt, places), of(dwAt, places), q, rowSums, to, sums, ...grid);
          }
          return [byFeatures.tensor(), byWeights.tensor()];
        },
      );
      return [dPhi, tf.slice(tf.sum(dTheta, 0), 0, channels)];
    };
    return { value: w, gradFunc };
  });
  return operation(features, weights) as tf.Tensor4D;
}

/**
 * ŷ = A f, A = D⁻¹W. Differentiable once, by f and by the affinities; shapes are the caller's to check.
 *
 * @param f [images, height, width, classes], finite
 * @param affinities w [images, height, width, offsets]; what stands where a pair leaves the image is not read
 */
export function walkStepOnKernel(
  f: tf.Tensor4D,
  affinities: tf.Tensor4D,
  neighbourhood: Neighbourhood,
  options: KernelOptions = {},
): tf.Tensor4D {
  const [images, height, width, classes] = f.shape;
  const places = neighbourhood.offsets.length;
  const pixels = height * width;
  const operation = tf.customGrad((...inputs) => {
    const [values, weights, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const [y, inverses] = withTensors<RandomWalkExports, [tf.Tensor, tf.Tensor]>(
      binaries,
      options,
      (kernel, memory) => {
        const result = memory.result(f.shape);
        const inverse = memory.result([images, pixels]);
        const grid = gridWords(memory, neighbourhood, f.shape);
        const [, , , window, radius] = grid;
        const runs = memory.scratch(kernel.runBytes(neighbourhood.radius));
        const sums = memory.scratch(8 * pixels);
        const [fAt, wAt] = [memory.address(values), memory.address(weights)];
        for (let image = 0; image < images; image++) {
          const of = imageAddress(image, pixels);
          const [w, scale] = [of(wAt, places), of(inverse.address, 1)];
          kernel.inverseDegrees(w, sums, scale, height, width, window, radius, places);
          kernel.product(of(fAt, classes), w, scale, of(result.address, classes), ...grid, runs);
        }
        return [result.tensor(), inverse.tensor()];
      },
    );
    save([values, weights, y, inverses]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      refuseSecondOrder('random walk');
      return withTensors<RandomWalkExports, tf.Tensor[]>(binaries, options, (kernel, memory) => {
        const byF = memory.result(f.shape);
        const byAffinities = memory.result(affinities.shape);
        const scaled = memory.scratch(4 * pixels * classes);
        const products = memory.scratch(4 * pixels);
        const runs = memory.scratch(kernel.runBytes(neighbourhood.radius));
        const grid = gridWords(memory, neighbourhood, f.shape);
        const [fAt, wAt, yAt, inverseAt] = saved.map((tensor) => memory.address(tensor)) as [
          number,
          number,
          number,
          number,
        ];
        const dyAt = memory.address(dy);
        for (let image = 0; image < images; image++) {
          const of = imageAddress(image, pixels);
          const [from, w] = [of(fAt, classes), of(wAt, places)];
          const [g, yOfImage, inverse] = [of(dyAt, classes), of(yAt, classes), of(inverseAt, 1)];
          kernel.scaleGradient(g, yOfImage, inverse, scaled, products, pixels, classes);
          kernel.product(scaled, w, 0, of(byF.address, classes), ...grid, runs);
          kernel.pairGradients(scaled, from, products, of(byAffinities.address, places), ...grid);
        }
        return [byF.tensor(), byAffinities.tensor()];
      });
    };
    return { value: y, gradFunc };
  });
  return operation(f, affinities) as tf.Tensor4D;
}

/** What the kernel's functions take of the image and its neighbourhood. */
function gridWords(
  memory: TensorMemory,
  neighbourhood: Neighbourhood,
  [, height, width, columns]: Shape,
): [number, number, number, number, number, number] {
  const window = memory.words(windowWords(neighbourhood));
  return [height, width, columns, window, neighbourhood.radius, neighbourhood.offsets.length];
}

function imageAddress(image: number, pixels: number): (address: number, columns: number) => number {
  return (address, columns) => address + 4 * image * pixels * columns;
}
