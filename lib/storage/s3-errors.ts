/** What S3 and its SDK say, in the store's own words. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  InvalidStoreLocation,
  PreconditionFailed,
  StoreNotReadable,
  StoreNotWritable,
  StoreUnreachable,
} from './errors.ts';

const conflictAttempts = 5;
const firstPauseMilliseconds = 20;

interface ServiceError {
  readonly name: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Runs `work`; an error of S3 leaves as the store's own where there is one for it. */
export async function translateS3Errors<T>(
  access: 'read' | 'write',
  path: string,
  location: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(access, path, location, error);
  }
}

/**
 * Sends a conditional write. 409 ConditionalRequestConflict says that another write of the key was under way, and decides
 * nothing: it is sent again, and counts as lost where it goes on. Throws PreconditionFailed.
 */
export async function retryingConflicts<T>(key: string, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      // If-Match on what is not there is answered by 404 NoSuchKey.
      if (statusOf(error) === 412 || errorName(error) === 'NoSuchKey') {
        throw new PreconditionFailed(key, 'it exists already, has changed, or is gone');
      }
      if (errorName(error) !== 'ConditionalRequestConflict') throw error;
      if (attempt === conflictAttempts) throw new PreconditionFailed(key, 'others were writing it at the same time');
      await sleep(firstPauseMilliseconds * 2 ** attempt);
    }
  }
}

/** No such object; a missing bucket is another matter. A HEAD has no body, hence no name but NotFound. */
export function isNotFound(error: unknown): boolean {
  return errorName(error) === 'NoSuchKey' || errorName(error) === 'NotFound';
}

function translated(access: 'read' | 'write', path: string, location: string, error: unknown): unknown {
  const name = errorName(error);
  if (name === 'NoSuchBucket') return new InvalidStoreLocation(location, 'there is no such bucket');
  if (
    name === 'CredentialsProviderError' ||
    name === 'InvalidAccessKeyId' ||
    name === 'SignatureDoesNotMatch' ||
    name === 'ExpiredToken'
  ) {
    return new StoreUnreachable(location, `AWS does not accept the credentials, or there are none (${name})`, {
      cause: error,
    });
  }
  if (statusOf(error) === 403) {
    return access === 'write'
      ? new StoreNotWritable(path, { cause: error })
      : new StoreNotReadable(path, { cause: error });
  }
  const { code } = error as ServiceError;
  if (code === 'ENOTFOUND' || code === 'ECONNREFUSED' || code === 'EAI_AGAIN' || name === 'TimeoutError') {
    return new StoreUnreachable(location, `its server does not answer (${code ?? name})`, { cause: error });
  }
  if (error instanceof Error && error.message === 'Region is missing') {
    return new StoreUnreachable(location, 'no region is set (AWS_REGION)', { cause: error });
  }
  return error;
}

function errorName(error: unknown): string | undefined {
  return (error as ServiceError | undefined)?.name;
}

function statusOf(error: unknown): number | undefined {
  return (error as ServiceError | undefined)?.$metadata?.httpStatusCode;
}
