import { crc32, deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readZipEntry } from '../../cli/stand-ins/read-zip.ts';

/** An archive of these files, stored or deflated in turn. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [index, [name, text]] of Object.entries(files).entries()) {
    const method = index % 2 === 0 ? 0 : 8;
    const packed = method === 8 ? deflateRawSync(text) : Buffer.from(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(text), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(text.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const file = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\0\0', 'latin1'), fields, rest, Buffer.from(name)]));
    local.push(file);
    offset += file.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, ...directory, end]);
}

test('finds stored and deflated files, checks them, and names what is not there', () => {
  const archive = zip({ 'a.txt': 'stored', 'b/c.txt': 'deflated '.repeat(20) });
  expect(readZipEntry(archive, 'a.txt').toString()).toBe('stored');
  expect(readZipEntry(archive, 'b/c.txt').toString()).toBe('deflated '.repeat(20));
  expect(() => readZipEntry(archive, 'c.txt')).toThrow('has no c.txt');
  archive[35]! ^= 1;
  expect(() => readZipEntry(archive, 'a.txt')).toThrow(/damaged/);
  expect(() => readZipEntry(Buffer.from('no archive'), 'a.txt')).toThrow(/no end record/);
});
