/** A dataset that several readers share: a file that was read and checked is kept for the next. */
import type { DatasetReader } from './dataset.ts';

/** Keeps files as long as they come to no more bytes together; the others are read, and checked, each time. */
export function keepFiles(reader: DatasetReader, mostBytes: number): DatasetReader {
  const kept = new Map<string, Promise<Uint8Array>>();
  let keptBytes = 0;
  return {
    manifest: reader.manifest,
    file(name) {
      const known = kept.get(name);
      if (known) return known;
      const bytes = reader.file(name);
      const size = reader.manifest.files.find((file) => file.name === name)?.size ?? 0;
      if (keptBytes + size > mostBytes) return bytes;
      keptBytes += size;
      kept.set(name, bytes);
      return bytes;
    },
  };
}
