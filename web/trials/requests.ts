/** The one place that knows what the computing endpoints are sent and what they answer. */
import { post } from '../client.ts';

export function classifyDigit(
  pixels: readonly number[],
  signal: AbortSignal,
): Promise<{ readonly probabilities: readonly number[] }> {
  return post('/v1/digits/classify', { pixels }, signal);
}

export const raceProblems = [
  { name: 'quadratics', label: 'Random quadratics in 10 dimensions' },
  { name: 'mnist', label: 'A small network on MNIST' },
] as const;

export const raceOptimizerNames: readonly string[] = ['LSTM', 'ADAM', 'SGD', 'RMSprop', 'NAG'];

export interface Race {
  /** Losses before the first step and after each; null where not finite. */
  readonly curves: readonly { readonly optimizer: string; readonly losses: readonly (number | null)[] }[];
}

export interface RaceRequest {
  readonly problem: string;
  readonly optimizers: readonly string[];
  readonly steps: number;
  readonly seed: number;
}

export function raceOptimizers(request: RaceRequest, signal: AbortSignal): Promise<Race> {
  return post('/v1/optimizers/race', request, signal);
}

export interface WritingRequest {
  readonly text: string;
  readonly bias: number;
  readonly seed: number;
}

export function writeByHand(request: WritingRequest, signal: AbortSignal): Promise<{ readonly svg: string }> {
  return post('/v1/handwriting/write', request, signal);
}

export interface EncodedSentences {
  readonly sentences: readonly string[];
  readonly vectors: readonly (readonly number[])[];
}

export async function encodeSentences(sentences: readonly string[], signal: AbortSignal): Promise<EncodedSentences> {
  const { vectors } = await post<{ vectors: EncodedSentences['vectors'] }>(
    '/v1/sentences/encode',
    { sentences },
    signal,
  );
  return { sentences, vectors };
}

export interface Refinement {
  readonly width: number;
  readonly height: number;
  /** A class a pixel, in a grey PNG, base64. */
  readonly labels: string;
  readonly classes: readonly string[];
}

export type RefinementRequest = { readonly image: string } & (
  | { readonly backEnd: string }
  | {
      readonly probabilities: {
        readonly width: number;
        readonly height: number;
        readonly classes: number;
        readonly values: readonly number[];
      };
    }
);

export function refineSegments(request: RefinementRequest, signal: AbortSignal): Promise<Refinement> {
  return post('/v1/segmentations/refine', request, signal);
}
