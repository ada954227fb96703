/** Datasets as the pipeline sees them: files in the bucket under a pinned version, behind a manifest that is written last. */
import { z } from 'zod';

/**
 * `paper`: the owner's own bytes, by checksum. `paper (re-encoded)`: in the owner's layout, with the owner's counts, but no
 * checksum says that the bytes are theirs. `stand-in`: something else in its place, said in every table.
 */
export const datasetOrigins = ['paper', 'paper (re-encoded)', 'stand-in'] as const;
export type DatasetOrigin = (typeof datasetOrigins)[number];

/** `datasets/{name}/{version}/_manifest.json` */
export const datasetManifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  name: z.string(),
  /** Digest over the names and contents of all files, so the same data has the same version everywhere. */
  version: z.string().regex(/^[0-9a-f]{16}$/),
  origin: z.enum(datasetOrigins),
  /** One sentence for reports: what it is and where it came from. */
  description: z.string(),
  files: z.array(z.strictObject({ name: z.string(), size: z.number().int().nonnegative(), sha256: z.string() })),
});
export type DatasetManifest = z.infer<typeof datasetManifestSchema>;

/** A pinned dataset, open for reading. */
export interface DatasetReader {
  readonly manifest: DatasetManifest;
  /** One file's bytes, checked against the manifest's checksum. Throws DatasetCorrupt. */
  file(name: string): Promise<Uint8Array>;
}
