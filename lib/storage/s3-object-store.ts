/**
 * An object store in S3. Conditions are S3's own (If-None-Match, If-Match), so writers on different machines are as safe
 * as those in one process. What is longer than one part is uploaded in parts and appears only when it is complete.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { InvalidStoreLocation, ObjectNotFound } from './errors.ts';
import { checkKey, checkPrefix } from './key.ts';
import type { ObjectHead, ObjectStore, StoredObject, WriteCondition } from './object-store.ts';
import { isNotFound, retryingConflicts, translateS3Errors } from './s3-errors.ts';

/** S3 takes parts of 5 MiB and more, 10,000 at most: this allows objects of 80 GB. */
const partBytes = 8 * 1024 * 1024;

/** Throws InvalidStoreLocation. `AWS_ENDPOINT_URL_S3` and the SDK's other variables and files say how to reach it. */
export function openS3Store(location: string): S3ObjectStore {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(location);
  if (!match) throw new InvalidStoreLocation(location, 'it has no valid bucket name');
  const prefix = (match[2] ?? '').replace(/\/$/, '');
  if (prefix) checkKey(prefix);
  // Other servers that speak S3 rarely have a host name for each bucket.
  const override = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return new S3ObjectStore(new S3Client({ forcePathStyle: override !== undefined }), match[1]!, prefix);
}

export class S3ObjectStore implements ObjectStore {
  readonly location: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  /** Before every key: '' or `folder/`. */
  readonly #prefix: string;

  constructor(client: S3Client, bucket: string, prefix = '') {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix && `${prefix}/`;
    this.location = `s3://${bucket}${prefix && `/${prefix}`}`;
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return this.#reading(key, async (address) => {
      const output = await this.#getOutput(address);
      return output && { body: await output.Body!.transformToByteArray(), etag: output.ETag! };
    });
  }

  async getStream(key: string): Promise<AsyncIterable<Uint8Array>> {
    return this.#reading(key, async (address) => {
      const output = await this.#getOutput(address);
      if (!output) throw new ObjectNotFound(key, this.location);
      // In Node the body is a readable stream; the SDK's type also covers browsers.
      return output.Body as unknown as AsyncIterable<Uint8Array>;
    });
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    return this.#reading(key, async (address) => {
      try {
        const output = await this.#client.send(new HeadObjectCommand(address));
        return { key, size: output.ContentLength!, etag: output.ETag! };
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    });
  }

  async put(key: string, body: Uint8Array | string, condition?: WriteCondition): Promise<{ readonly etag: string }> {
    return this.#writing(key, async (address) => {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      // The SDK takes an empty body for one of unknown length.
      const command = { ...address, Body: bytes, ContentLength: bytes.length, ...headersOf(condition) };
      const output = await retryingConflicts(key, () => this.#client.send(new PutObjectCommand(command)));
      return { etag: output.ETag! };
    });
  }

  async putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string }> {
    checkKey(key);
    const parts = inParts(body);
    const first = await parts.next();
    if (first.done) return this.put(key, '', condition);
    if (first.value.length < partBytes) return this.put(key, first.value, condition);
    return this.#writing(key, (address) => this.#uploadParts(key, address, first.value, parts, condition));
  }

  async *list(prefix: string): AsyncGenerator<ObjectHead> {
    checkPrefix(prefix);
    let continuation: string | undefined;
    do {
      const page = await translateS3Errors('read', `${this.location}/${prefix}`, this.location, () =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(continuation !== undefined && { ContinuationToken: continuation }),
          }),
        ),
      );
      for (const { Key, Size, ETag } of page.Contents ?? []) {
        yield { key: Key!.slice(this.#prefix.length), size: Size!, etag: ETag! };
      }
      continuation = page.NextContinuationToken;
    } while (continuation !== undefined);
  }

  async delete(key: string): Promise<void> {
    await this.#writing(key, (address) => this.#client.send(new DeleteObjectCommand(address)));
  }

  async #uploadParts(
    key: string,
    address: Address,
    first: Uint8Array,
    rest: AsyncIterable<Uint8Array>,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string }> {
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(address));
    const upload = { ...address, UploadId };
    try {
      const parts: { PartNumber: number; ETag: string }[] = [];
      const send = async (part: Uint8Array) => {
        const PartNumber = parts.length + 1;
        const { ETag } = await this.#client.send(new UploadPartCommand({ ...upload, PartNumber, Body: part }));
        parts.push({ PartNumber, ETag: ETag! });
      };
      await send(first);
      for await (const part of rest) await send(part);
      const command = { ...upload, MultipartUpload: { Parts: parts }, ...headersOf(condition) };
      const output = await retryingConflicts(key, () => this.#client.send(new CompleteMultipartUploadCommand(command)));
      return { etag: output.ETag! };
    } catch (error) {
      // Where this fails too, the bucket's lifecycle rule removes the parts; the first error is the one to know.
      await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
      throw error;
    }
  }

  async #getOutput(address: Address): Promise<GetObjectCommandOutput | undefined> {
    try {
      return await this.#client.send(new GetObjectCommand(address));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #reading<T>(key: string, work: (address: Address) => Promise<T>): Promise<T> {
    return this.#translating('read', key, work);
  }

  #writing<T>(key: string, work: (address: Address) => Promise<T>): Promise<T> {
    return this.#translating('write', key, work);
  }

  async #translating<T>(access: 'read' | 'write', key: string, work: (address: Address) => Promise<T>): Promise<T> {
    checkKey(key);
    return translateS3Errors(access, `${this.location}/${key}`, this.location, () =>
      work({ Bucket: this.#bucket, Key: this.#prefix + key }),
    );
  }
}

interface Address {
  readonly Bucket: string;
  readonly Key: string;
}

function headersOf(condition: WriteCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (!condition) return {};
  return 'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: condition.ifNoneMatch };
}

/** The same bytes in pieces of exactly one part, the last one shorter. */
async function* inParts(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(partBytes);
  let filled = 0;
  for await (let piece of body) {
    while (piece.length > 0) {
      const taken = piece.subarray(0, partBytes - filled);
      part.set(taken, filled);
      filled += taken.length;
      piece = piece.subarray(taken.length);
      if (filled < partBytes) continue;
      yield part;
      part = new Uint8Array(partBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
