/** The file at the top of a folder store that says which format it has. */
import { z } from 'zod';
import { StoreCorrupt, StoreTooNew } from './errors.ts';
import { storeMarkerName } from './key.ts';

const supportedFormatVersion = 1;
const markerSchema = z.looseObject({ formatVersion: z.number().int().positive() });

export const storeMarker = `${JSON.stringify({ formatVersion: supportedFormatVersion })}\n`;

/** Throws StoreTooNew, StoreCorrupt. */
export function checkStoreMarker(location: string, text: string): void {
  let parsed: z.infer<typeof markerSchema>;
  try {
    parsed = markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StoreCorrupt(location, `its ${storeMarkerName} does not say a format version`, { cause });
  }
  if (parsed.formatVersion > supportedFormatVersion) {
    throw new StoreTooNew(location, parsed.formatVersion, supportedFormatVersion);
  }
}
