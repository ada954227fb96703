/** Retrieval among captioned pictures by a trained order-embedding. */
import * as tf from '@tensorflow/tfjs-core';
import { type CaptionedPictures, captionsPerPicture } from '../../datasets/coco-captions.ts';
import type { TensorByName } from '../../training/trainer.ts';
import { type CaptionVocabulary, encodeCaptions } from './caption-vocabulary.ts';
import { embedImages, embedSentences, type OrderEmbeddingSettings } from './order-embeddings.ts';
import { type Embeddings, errorsOfPairs, scoreRetrieval } from './retrieval.ts';

/** Captions that are encoded at a time; those of about one length are, so that little is computed for padding. */
const captionsAtOnce = 256;

/** Both directions, among all of these pictures and captions. */
export function scorePictures(
  parameters: TensorByName,
  { captions, features }: CaptionedPictures,
  vocabulary: CaptionVocabulary,
  settings: OrderEmbeddingSettings,
): ReturnType<typeof scoreRetrieval> {
  const { rows, columns, data } = features;
  const images = tf.tidy(() =>
    embedImages(parameters, tf.tensor2d(data, [rows, columns]), settings.similarity).dataSync(),
  );
  const pictures = { data: images as Float32Array, count: rows, dimensions: settings.dimensions };
  const sentences = embedCaptions(parameters, captions, vocabulary, settings);
  return scoreRetrieval(errorsOfPairs(sentences, pictures, settings.similarity), rows, captionsPerPicture);
}

function embedCaptions(
  parameters: TensorByName,
  captions: readonly string[],
  vocabulary: CaptionVocabulary,
  settings: OrderEmbeddingSettings,
): Embeddings {
  const { dimensions } = settings;
  const data = new Float32Array(captions.length * dimensions);
  const lengths = captions.map((caption) => caption.split(' ').length);
  const order = [...captions.keys()].sort((a, b) => lengths[a]! - lengths[b]!);
  for (let start = 0; start < order.length; start += captionsAtOnce) {
    const chosen = order.slice(start, start + captionsAtOnce);
    const batch = encodeCaptions(
      chosen.map((index) => captions[index]!),
      vocabulary,
    );
    const embedded = tf.tidy(() => embedSentences(parameters, batch, settings).dataSync());
    for (const [row, index] of chosen.entries()) {
      data.set(embedded.subarray(row * dimensions, (row + 1) * dimensions), index * dimensions);
    }
  }
  return { data, count: captions.length, dimensions };
}
