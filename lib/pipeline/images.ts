/**
 * Pictures that an evaluation makes beside its measurements, as JSON Lines: on their way from `evaluate`, through the store,
 * to `summarize`, which puts them into the report.
 */
import { z } from 'zod';
import { mapConcurrently } from '../storage/map-concurrently.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { InvalidEvaluationImage } from './errors.ts';
import { type EvaluationImage, imageSchema } from './evaluation-image.ts';
import { keys } from './keys.ts';
import { parseRecord } from './records.ts';

/** Throws InvalidEvaluationImage for what no report could show. */
export function formatImages(images: readonly EvaluationImage[]): string {
  return images
    .map((image) => {
      const parsed = imageSchema.safeParse(image);
      if (!parsed.success) throw new InvalidEvaluationImage(image.name, z.prettifyError(parsed.error));
      return `${JSON.stringify(parsed.data)}\n`;
    })
    .join('');
}

/** All images of a run, in the order of its batches. Throws InvalidRecord. */
export async function readImages(
  store: ObjectStore,
  run: string,
  batches: readonly number[],
): Promise<readonly EvaluationImage[]> {
  const images: EvaluationImage[] = [];
  const objects = mapConcurrently(batches, async (batch) => {
    const key = keys.images(run, batch);
    return { key, object: await store.get(key) };
  });
  for await (const { key, object } of objects) {
    const lines = new TextDecoder().decode(object?.body).split('\n').filter(Boolean);
    for (const line of lines) images.push(parseRecord(key, line, imageSchema));
  }
  return images;
}
