/**
 * Trained models for the endpoints: found in the store's results, loaded when first asked for, every byte checked against
 * the artifact's manifest, and kept while there is room.
 */
import { decodeSafetensors, type NamedTensors } from '../numerics/safetensors.ts';
import { sha256 } from '../pipeline/digest.ts';
import { ArtifactCorrupt } from '../pipeline/errors.ts';
import { keys } from '../pipeline/keys.ts';
import {
  type ArtifactManifest,
  artifactManifestSchema,
  type PlannedTrial,
  plannedTrialSchema,
  readRecord,
} from '../pipeline/records.ts';
import { newestResults } from '../pipeline/result-index.ts';
import { readLines } from '../storage/json-lines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { InvalidInput, ModelMissing, NotFound } from './errors.ts';

export interface LoadedModel {
  readonly digest: string;
  readonly manifest: ArtifactManifest;
  readonly tensors: NamedTensors;
  /** `kind` says what it is. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the file. */
  readonly bytes: number;
}

/** As planned: the experiment's own trial, read back from JSON, so a filter checks what it reads. */
export type TrialFilter = (trial: PlannedTrial['trial']) => boolean;

export interface ModelCacheOptions {
  readonly store: ObjectStore;
  /** Of models kept, in bytes of their files; the least recently used go first. */
  readonly capacityBytes?: number;
  /** How long it may take until a new run's artifact is used. */
  readonly newestForMilliseconds?: number;
  now(): number;
}

const digestPattern = /^[0-9a-f]{32}$/;
/** Runs that are searched for a trial, newest first: an old store must not make a request read for minutes. */
const mostRunsSearched = 20;

interface Cached {
  readonly loading: Promise<LoadedModel>;
  bytes: number;
  built: Map<string, Promise<unknown>>;
}

export class ModelCache {
  readonly #options: Required<ModelCacheOptions>;
  /** In the order of use, the least recent first. */
  readonly #models = new Map<string, Cached>();
  readonly #newest = new Map<string, { readonly found: Promise<string | undefined>; readonly until: number }>();

  constructor(options: ModelCacheOptions) {
    this.#options = { capacityBytes: 256 * 2 ** 20, newestForMilliseconds: 5_000, ...options };
  }

  /**
   * Digest of the newest finished artifact of an experiment whose trial passes the filter. Throws ModelMissing.
   *
   * @param what for the message and, with the experiment, the name under which the answer is kept for a few seconds:
   *   `layer-normalised perceptron`
   */
  async newestArtifact(experiment: string, what: string, filter: TrialFilter = () => true): Promise<string> {
    const now = this.#options.now();
    const name = JSON.stringify([experiment, what]);
    let entry = this.#newest.get(name);
    if (!entry || entry.until <= now) {
      entry = { found: this.#findNewest(experiment, filter), until: now + this.#options.newestForMilliseconds };
      this.#newest.set(name, entry);
    }
    let digest: string | undefined;
    try {
      digest = await entry.found;
    } finally {
      // What was not there a moment ago may be there now.
      if (digest === undefined && this.#newest.get(name) === entry) this.#newest.delete(name);
    }
    if (digest === undefined) throw new ModelMissing(what, experiment);
    return digest;
  }

  async #findNewest(experiment: string, filter: TrialFilter): Promise<string | undefined> {
    const { store } = this.#options;
    let searched = 0;
    for await (const { run, experiment: of } of newestResults(store)) {
      if (of !== experiment) continue;
      if (++searched > mostRunsSearched) break;
      if (!(await store.head(keys.trials(run)))) continue;
      const candidates: string[] = [];
      for await (const { trial, digest } of readLines(store, keys.trials(run), plannedTrialSchema)) {
        if (filter(trial)) candidates.push(digest);
      }
      for (const digest of candidates) {
        // The trial may have failed in a run that tolerated it.
        if (await store.head(keys.artifactManifest(digest))) return digest;
      }
    }
    return undefined;
  }

  /** Throws InvalidInput, NotFound, ArtifactCorrupt, InvalidSafetensors. */
  async load(digest: string): Promise<LoadedModel> {
    return (await this.#entry(digest)).loading;
  }

  /**
   * What `build` makes of a model (a network with its weights, say), made once and kept as long as the model.
   *
   * @param name of what is built, for a model may be made into several things
   */
  async build<T>(digest: string, name: string, build: (model: LoadedModel) => T | Promise<T>): Promise<T> {
    const entry = await this.#entry(digest);
    let built = entry.built.get(name) as Promise<T> | undefined;
    if (!built) {
      built = entry.loading.then(build);
      entry.built.set(name, built);
      built.catch(() => entry.built.delete(name));
    }
    return built;
  }

  async #entry(digest: string): Promise<Cached> {
    if (!digestPattern.test(digest)) {
      throw new InvalidInput(
        `An artifact's digest has 32 hexadecimal digits, and this is ${JSON.stringify(digest.slice(0, 60))}.`,
      );
    }
    let entry = this.#models.get(digest);
    if (!entry) {
      const created: Cached = { loading: this.#read(digest), bytes: 0, built: new Map() };
      entry = created;
      this.#models.set(digest, created);
      try {
        created.bytes = (await created.loading).bytes;
      } catch (error) {
        // It may be there, or whole, the next time.
        this.#models.delete(digest);
        throw error;
      }
    }
    await entry.loading;
    this.#models.delete(digest);
    this.#models.set(digest, entry);
    this.#evict();
    return entry;
  }

  #evict(): void {
    let bytes = 0;
    for (const entry of this.#models.values()) bytes += entry.bytes;
    for (const [digest, entry] of this.#models) {
      // The newest stays, however large: the request that asked for it needs it.
      if (bytes <= this.#options.capacityBytes || this.#models.size === 1) return;
      if (entry.bytes === 0) continue;
      this.#models.delete(digest);
      bytes -= entry.bytes;
    }
  }

  async #read(digest: string): Promise<LoadedModel> {
    const { store } = this.#options;
    const manifest = await readRecord(store, keys.artifactManifest(digest), artifactManifestSchema);
    if (!manifest) throw new NotFound(`There is no artifact ${digest} in the store.`);
    const key = keys.artifactModel(digest);
    const expected = manifest.files['model.safetensors'];
    const object = await store.get(key);
    const actual = object ? sha256(object.body) : 'none: it is not there';
    if (!object || actual !== expected) throw new ArtifactCorrupt(key, expected, actual);
    return { digest, manifest, ...decodeSafetensors(object.body), bytes: object.body.length };
  }
}
