/** Datasets as the pipeline sees them: files in the bucket under a pinned version, behind a manifest that is written last. */
import { z } from 'zod';
import { findFileNameProblem } from './file-names.ts';

/**
 * `paper`: the owner's own bytes, by checksum. `paper (re-encoded)`: in the owner's layout, with the owner's counts, but no
 * checksum says that the bytes are theirs. `stand-in`: something else in its place, said in every table.
 */
export const datasetOrigins = ['paper', 'paper (re-encoded)', 'stand-in'] as const;
export type DatasetOrigin = (typeof datasetOrigins)[number];

/** No published dataset of ours comes near it; more is a mistake, or somebody's attempt to keep us busy. */
export const mostDatasetFiles = 100_000;
/** What S3 takes in the parts that a store writes, and more than any file here. */
const mostFileBytes = 80_000_000_000;

export const datasetNamePattern = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const datasetVersionPattern = /^[0-9a-f]{16}$/;

const fileSchema = z.strictObject({
  name: z.string(),
  /** Bytes. */
  size: z.number().int().min(0).max(mostFileBytes),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 hexadecimal digits'),
});

/** `datasets/{name}/{version}/_manifest.json`. Whoever may write to the bucket may have written it: it is hostile until accepted. */
export const datasetManifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  name: z
    .string()
    .regex(datasetNamePattern, 'a dataset is named by lower-case letters, digits and hyphens, 64 at most'),
  /** Digest over the names and contents of all files, so the same data has the same version everywhere. */
  version: z.string().regex(datasetVersionPattern, 'a version is 16 hexadecimal digits'),
  origin: z.enum(datasetOrigins),
  /** One sentence for reports: what it is and where it came from. */
  description: z.string().max(2_000),
  files: z
    .array(fileSchema)
    .min(1, 'a dataset has at least one file')
    .max(mostDatasetFiles, `a dataset has ${mostDatasetFiles} files at most`)
    .superRefine((files, context) => {
      const problem = findFileNameProblem(files.map(({ name }) => name));
      if (problem) context.addIssue({ code: 'custom', path: [problem.index, 'name'], message: problem.message });
    }),
});
export type DatasetManifest = z.infer<typeof datasetManifestSchema>;

/** A pinned dataset, open for reading. */
export interface DatasetReader {
  readonly manifest: DatasetManifest;
  /** One file's bytes, checked against the manifest's checksum. They may be another's too: read only. Throws DatasetCorrupt. */
  file(name: string): Promise<Uint8Array>;
}
