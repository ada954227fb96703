/**
 * Skip-thoughts (Kiros et al. 2015; §6.3): a GRU reads a sentence, its last state is the sentence's vector, and two more
 * GRUs that start from it write the sentence before and the one after. All three share the words' vectors, and the two
 * decoders the softmax over the vocabulary. The normalized model has layer normalization in all three GRUs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../numerics/random.ts';
import type { NamedTensors, Tensor } from '../../numerics/safetensors.ts';
import { prefix, withPrefix } from '../../numerics/tensor-names.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { embed } from '../embed.ts';
import { type GruParameters, gru, initializeGru } from '../recurrent/gru.ts';
import { type PaddedSentences, padSentences, type TripleMinibatch } from './sentence-triples.ts';
import { negativeLogLikelihoods, type OutputLayer, type SampledWords } from './softmax-cross-entropy.ts';

export interface SkipThoughtSettings {
  /** Width of a word's vector; the paper: 620. */
  readonly wordUnits: number;
  /** Of each GRU, and so of a sentence's vector; the paper: 2,400. */
  readonly units: number;
  readonly normalization: 'none' | 'layer';
}

/** Scale of the initial word vectors and output weights, as in the authors' code: uniform in ±0.1. */
const initialRange = 0.1;

/**
 * `words` [vocabulary, wordUnits]; `encoder/…`, `previous/…` and `next/…`, see GruParameters; `outputKernel`
 * [vocabulary, units] and `outputBias` [vocabulary, 1].
 */
export function initializeSkipThoughts(
  { wordUnits, units, normalization }: SkipThoughtSettings,
  vocabulary: number,
  seed: number,
): NamedTensors {
  const uniform = (name: string, columns: number): Tensor => {
    const data = new Float32Array(vocabulary * columns);
    randomStream(seed, 'parameters', name).fillUniform(data, -initialRange, initialRange);
    return { shape: [vocabulary, columns], data };
  };
  // Streams by name: the plain and the normalized model of a seed start from the same weights.
  const recurrent = (name: string) =>
    prefix(name, initializeGru(randomStream(seed, 'parameters', name), { inputs: wordUnits, units, normalization }));
  return {
    words: uniform('words', wordUnits),
    ...recurrent('encoder'),
    ...recurrent('previous'),
    ...recurrent('next'),
    outputKernel: uniform('output', units),
    outputBias: { shape: [vocabulary, 1], data: new Float32Array(vocabulary) },
  };
}

/** What sentence vectors are made of; the decoders are only there to learn them. */
export function isEncoderTensor(name: string): boolean {
  return name === 'words' || name.startsWith('encoder/');
}

/**
 * The sentences' vectors.
 *
 * @returns [batch, units]
 */
export function encode(
  parameters: TensorByName,
  sentences: PaddedSentences,
  { normalization }: SkipThoughtSettings,
): tf.Tensor2D {
  const { ids, mask, time, batch } = sentences;
  const words = embed(parameters.words as tf.Tensor2D, tf.tensor2d(ids, [time, batch], 'int32')) as tf.Tensor3D;
  const isPadded = mask.includes(0);
  const { state } = gru(words, gruParameters(parameters, 'encoder'), {
    normalization,
    ...(isPadded && { mask: tf.tensor2d(mask, [time, batch]) }),
  });
  return state.hidden;
}

export interface DecodingLoss {
  /** Σ −log p(word | words before, sentence between), in nats, over both neighbours of every sentence. */
  readonly total: tf.Scalar;
  /** How many words that is, the ends of sentences included. */
  readonly words: number;
}

/** @param sample scores these words beside each target; the whole vocabulary where absent */
export function decodingLoss(
  parameters: TensorByName,
  { previous, current, next }: TripleMinibatch,
  settings: SkipThoughtSettings,
  sample?: SampledWords,
): DecodingLoss {
  const vector = encode(parameters, current, settings);
  const decoded = [
    decode(parameters, 'previous', previous, vector, settings),
    decode(parameters, 'next', next, vector, settings),
  ];
  const targets = Int32Array.from(decoded.flatMap((part) => [...part.targets]));
  const losses = negativeLogLikelihoods(
    tf.concat(decoded.map(({ hidden }) => hidden)),
    targets,
    parameters as unknown as OutputLayer,
    sample,
  );
  return { total: tf.sum(losses), words: targets.length };
}

/** A decoder's states where there is a word to predict, and those words; the padding is left out. */
function decode(
  parameters: TensorByName,
  decoder: 'previous' | 'next',
  { ids, mask, time, batch }: PaddedSentences,
  vector: tf.Tensor2D,
  { normalization }: SkipThoughtSettings,
): { readonly hidden: tf.Tensor2D; readonly targets: Int32Array } {
  const table = parameters.words as tf.Tensor2D;
  const words = embed(table, tf.tensor2d(ids, [time, batch], 'int32')) as tf.Tensor3D;
  // Before the first word the decoder sees zeros.
  const shifted = tf.concat([tf.zeros([1, batch, table.shape[1]]), tf.slice(words, 0, time - 1)]) as tf.Tensor3D;
  const { outputs } = gru(shifted, gruParameters(parameters, decoder), {
    normalization,
    initialState: { hidden: vector },
  });
  const places = Int32Array.from(mask.keys()).filter((place) => mask[place] === 1);
  const states = tf.reshape(outputs, [time * batch, -1]) as tf.Tensor2D;
  return {
    hidden: embed(states, tf.tensor1d(places, 'int32')) as tf.Tensor2D,
    targets: places.map((place) => ids[place]!),
  };
}

function gruParameters(parameters: TensorByName, name: string): GruParameters {
  return withPrefix(name, parameters) as unknown as GruParameters;
}

/** Sentences of about one length are encoded together, so many at a time. */
const encodedAtOnce = 256;

/**
 * The vectors of any number of sentences, each of length 1 as in the authors' code.
 *
 * @param breathe called between batches
 * @returns [sentences, units] row by row
 */
export async function encodeSentences(
  parameters: NamedTensors,
  sentences: readonly Int32Array[],
  settings: SkipThoughtSettings,
  breathe: () => Promise<void>,
): Promise<Float32Array> {
  const { units } = settings;
  const vectors = new Float32Array(sentences.length * units);
  const order = Array.from(sentences.keys()).sort((a, b) => sentences[a]!.length - sentences[b]!.length);
  const tensors = Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => isEncoderTensor(name))
      .map(([name, { shape, data }]) => [name, tf.tensor(data as Float32Array, [...shape])]),
  );
  try {
    for (let first = 0; first < order.length; first += encodedAtOnce) {
      const chosen = order.slice(first, first + encodedAtOnce);
      const batch = padSentences(chosen.map((index) => sentences[index]!));
      const encoded = tf.tidy(() => encode(tensors, batch, settings));
      const values = encoded.dataSync() as Float32Array;
      encoded.dispose();
      for (const [row, index] of chosen.entries()) {
        const vector = values.subarray(row * units, (row + 1) * units);
        const norm = Math.hypot(...vector) || 1;
        for (let unit = 0; unit < units; unit++) vectors[index * units + unit] = vector[unit]! / norm;
      }
      await breathe();
    }
  } finally {
    tf.dispose(tensors);
  }
  return vectors;
}
