/** Measurements as JSON Lines. JSON has no NaN or infinity; a value that is not finite is null there and NaN here. */
import type { z } from 'zod';
import { mapConcurrently } from '../storage/map-concurrently.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Measurement } from './experiment.ts';
import { keys } from './keys.ts';
import { parseRecord } from './records.ts';
import { measurementSchema } from './run-document.ts';

export type StoredMeasurement = z.infer<typeof measurementSchema>;

export function storeMeasurement({ metric, subject, step, seed, value, unit }: Measurement): StoredMeasurement {
  return { metric, subject, step, seed, value: Number.isFinite(value) ? value : null, unit };
}

export function loadMeasurement(stored: StoredMeasurement): Measurement {
  return { ...stored, value: stored.value ?? Number.NaN };
}

export function formatMeasurements(measurements: readonly Measurement[]): string {
  return measurements.map((measurement) => `${JSON.stringify(storeMeasurement(measurement))}\n`).join('');
}

/** All measurements of a run, in the order of its batches; those of earlier plans of the same run are left out. */
export async function readMeasurements(
  store: ObjectStore,
  run: string,
  batches: readonly number[],
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  const objects = mapConcurrently(batches, async (batch) => {
    const key = keys.measurements(run, batch);
    return { key, object: await store.get(key) };
  });
  for await (const { key, object } of objects) {
    const lines = new TextDecoder().decode(object?.body).split('\n').filter(Boolean);
    for (const line of lines) measurements.push(loadMeasurement(parseRecord(key, line, measurementSchema)));
  }
  return measurements;
}
