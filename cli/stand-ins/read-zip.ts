/** Reads one file out of a ZIP archive, which is what a Python wheel is (PKWARE's APPNOTE, 4.3 and 4.4). */
import { crc32, inflateRawSync } from 'node:zlib';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** Throws Error where the archive has no such entry, or it is damaged. */
export function readZipEntry(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || archive.readUInt32LE(end) !== endSignature)
    throw new Error('This is no ZIP archive: it has no end record.');
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let entry = 0; entry < entries; entry++) {
    if (archive.readUInt32LE(at) !== entrySignature)
      throw new Error(`The ZIP archive's directory is damaged at byte ${at}.`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === name) return unpack(archive, at, name);
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`The ZIP archive has no ${name}.`);
}

function unpack(archive: Buffer, at: number, name: string): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const [checksum, packed] = [archive.readUInt32LE(at + 16), archive.readUInt32LE(at + 20)];
  const local = archive.readUInt32LE(at + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(start, start + packed);
  if (method !== 0 && method !== 8) throw new Error(`${name} is packed by method ${method}; this reads 0 and 8.`);
  const unpacked = method === 8 ? inflateRawSync(bytes) : bytes;
  if (crc32(unpacked) !== checksum) throw new Error(`${name} is damaged in the archive: its checksum does not match.`);
  return unpacked;
}
