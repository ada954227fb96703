/** Writes a text by hand with a network that layer-norm/handwriting trained. */

import { dispose } from '@tensorflow/tfjs-core';
import { writeTexts } from '../../layer-norm/models/write-text.ts';
import { readHandwritingModel } from '../../layer-norm/training/handwriting.ts';
import { asTensors } from '../../training/trainer.ts';
import { chooseArtifact, propertyOf } from '../choose-artifact.ts';
import type { Deadline } from '../deadline.ts';
import { InvalidInput, UnprocessableInput } from '../errors.ts';
import type { LoadedModel } from '../model-cache.ts';
import type { ApiPorts } from '../ports.ts';
import { arrangeWriting, drawWriting, type Writing } from './writing-svg.ts';

export interface WritingRequest {
  readonly text: string;
  readonly bias: number;
  readonly seed: number;
  readonly artifact?: string | undefined;
}

export interface WrittenText extends Writing {
  readonly model: LoadedModel;
  readonly isFinished: boolean;
  readonly svg: string;
}

const source = {
  experiment: 'layer-norm/handwriting',
  what: 'layer-normalised handwriting network',
  filter: (trial: object) =>
    (propertyOf(trial, 'network') as { readonly normalization?: unknown } | undefined)?.normalization === 'layer',
};

/**
 * The same request gives the same strokes on the same numeric backend. Throws InvalidInput for characters that the network never
 * saw, UnprocessableInput, DeadlineExceeded, and what loading the model does.
 */
export async function writeByHand(request: WritingRequest, ports: ApiPorts, deadline: Deadline): Promise<WrittenText> {
  const { text, bias, seed } = request;
  const [loaded] = await Promise.all([chooseArtifact(ports.models, source, request.artifact), ports.startTensorFlow()]);
  const { network, encoding } = readHandwritingModel({ ...loaded, metrics: [] });
  checkAlphabet(text, encoding.alphabet);
  const parameters = asTensors(loaded.tensors);
  try {
    const [written] = await writeTexts(parameters, network, encoding, [text], { bias, seed }, deadline.breathe);
    const { points, isFinished } = written!;
    if (!points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))) {
      throw new UnprocessableInput(
        'This network writes points that are not finite: its training went astray. Choose another artifact, or another seed.',
      );
    }
    const writing = arrangeWriting(points);
    return { model: loaded, isFinished, ...writing, svg: drawWriting(writing, text) };
  } finally {
    dispose(parameters);
  }
}

/** Throws InvalidInput: the network would write what it takes for all characters that it does not know. */
function checkAlphabet(text: string, alphabet: readonly string[]): void {
  const known = new Set(alphabet);
  const unknown = [...new Set(text)].filter((character) => !known.has(character));
  if (unknown.length === 0) return;
  throw new InvalidInput(`text: this network can write ${quoteAll(alphabet)}; it has never seen ${quoteAll(unknown)}.`);
}

function quoteAll(characters: readonly string[]): string {
  return characters
    .map((character) => JSON.stringify(character).slice(1, -1))
    .map((shown) => `'${shown}'`)
    .join(' ');
}
