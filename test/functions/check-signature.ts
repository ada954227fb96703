/**
 * Whether a request carries the right Signature Version 4: signed again, by the SDK's own signer, with the secret that belongs
 * to its access key. What Lambda does before it calls a function is AWS's; this stands in for it.
 */
import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
/** As AWS allows. */
const mostClockSkewMilliseconds = 5 * 60_000;

/** Undefined where the signature is right, else what is wrong, in the words of AWS where those are known. */
export async function findSignatureProblem(
  request: IncomingMessage,
  body: Uint8Array,
  signer: Signer,
): Promise<string | undefined> {
  const { authorization, 'x-amz-date': date } = request.headers;
  if (authorization === undefined) return 'Missing Authentication Token';
  const [, accessKeyId, day, region, service, signedHeaders, signature] = form.exec(authorization) ?? [];
  if (signature === undefined || typeof date !== 'string') return 'Incomplete signature';
  if (accessKeyId !== signer.accessKeyId) return 'The security token included in the request is invalid.';
  if (region !== signer.region || service !== signer.service) return 'Credential should be scoped to a valid region.';
  const signingDate = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!date.startsWith(day!) || !(Math.abs(Date.now() - signingDate.getTime()) < mostClockSkewMilliseconds)) {
    return 'Signature expired';
  }
  const names = signedHeaders!.split(';');
  if (!names.includes('host')) return "'Host' must be a signed header.";
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  const again = await new SignatureV4({
    credentials: signer,
    ...{ region, service, sha256: Sha256, applyChecksum: false },
  }).sign(
    {
      ...{ method: request.method!, protocol: 'http:', hostname: 'localhost', path: pathname, body },
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries(names.map((name) => [name, String(request.headers[name])])),
    },
    { signingDate, signableHeaders: new Set(names) },
  );
  const expected = form.exec(again.headers.authorization!)![6]!;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
    ? undefined
    : 'The request signature we calculated does not match the signature you provided.';
}

/** SHA-256, or its HMAC where there is a secret, as the signer wants it. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = typeof secret === 'string' ? secret : secret && viewOf(secret);
    this.#hash = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : viewOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#start();
  }
}

function viewOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
