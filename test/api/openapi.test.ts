import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { encode } from 'fast-png';
import { OpenAPIClientAxios } from 'openapi-client-axios';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { experiments } from '../../lib/experiments.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import { writeRegression } from '../../lib/pipeline/regressions/regression-records.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { countingRequest, runStages, testPorts } from '../pipeline/run-stages.ts';
import { type ApiWorld, apiWorld, storeModel } from './api-world.ts';
import { sampleEncoder, sampleHandwriting, samplePerceptron } from './sample-models.ts';

const first = '20261125-100000-one';
const second = '20261125-110000-two';
const [width, height] = [4, 4];
const picture = Buffer.from(
  encode({ width, height, data: new Uint8Array(width * height * 3).fill(90), channels: 3, depth: 8 }),
).toString('base64');
const probabilities = { width, height, classes: 2, values: Array(width * height * 2).fill(0.5) };

/** Every operation of the API, with what it takes and gives. */
const reading: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  listExperiments: {},
  listResults: { experiment: 'test/counting', limit: 1 },
  readResult: { paper: 'test', experiment: 'counting', run: first },
  listRuns: {},
  readRun: { run: first },
  compareRuns: { run: first, other: second },
  listRegressions: { experiment: 'test/counting', limit: 1 },
  readReport: { run: first, file: 'index.html' },
};
/** Those whose answer is a list, and where it is: an empty one would be right by any schema. */
const lists: Readonly<Record<string, string>> = {
  ...{ listExperiments: 'experiments', listResults: 'results', listRuns: 'runs', listRegressions: 'regressions' },
  compareRuns: 'changes',
};
const computing: Readonly<Record<string, (artifact: string) => object>> = {
  evaluateArtifact: (artifact) => ({ artifact, images: Buffer.alloc(784).toString('base64'), labels: [3] }),
  classifyDigit: () => ({ pixels: Array(784).fill(0.5) }),
  raceOptimizers: () => ({ problem: 'quadratics', optimizers: ['ADAM', 'LSTM'], steps: 3 }),
  refineSegments: () => ({ image: picture, probabilities }),
  encodeSentences: () => ({ sentences: ['a dog runs'] }),
  writeByHand: () => ({ text: 'abc', seed: 1 }),
};

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document
let definition: any;
let source: string;
beforeAll(async () => {
  ({ json: definition, text: source } = await apiWorld().get('/openapi.json'));
});

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 without a word from the linter', async () => {
    expect(definition.openapi).toMatch(/^3\.1/);
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual(
      [],
    );
  });

  test('names every operation once', () => {
    const found = Object.values<Record<string, { operationId: string }>>(definition.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(found.sort()).toEqual([...Object.keys(reading), ...Object.keys(computing)].sort());
  });
});

interface Received {
  readonly status: number;
  readonly data: unknown;
}
type Client = Readonly<Record<string, (parameters: unknown, body?: unknown, config?: object) => Promise<Received>>>;

/** Its operations are functions, made from the document; the application itself is in place of a network. */
async function generateClient(world: ApiWorld): Promise<Client> {
  const client = await new OpenAPIClientAxios({ definition }).init();
  client.defaults.adapter = async (config) => {
    const { method = 'get', url = '', params, data, headers } = config;
    const query = params ? `?${new URLSearchParams(params)}` : '';
    const answer = await world.ask(`/${url.replace(/^\//, '')}${query}`, {
      method: method.toUpperCase(),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      ...(data === undefined ? {} : { body: data }),
    });
    const received = Object.fromEntries(answer.headers);
    return { status: answer.status, statusText: '', headers: received, config, data: answer.json ?? answer.text };
  };
  return client as unknown as Client;
}

/** What is wrong with an answer by the schema that the document has for it; an answer that it does not know is wrong. */
function problemsOf(operation: string, status: number | 'default', type: string, data: unknown): unknown {
  const paths = Object.entries<Record<string, { operationId: string }>>(definition.paths);
  const [path, methods] = paths.find(([, own]) => Object.values(own).some((one) => one.operationId === operation))!;
  const method = Object.keys(methods).find((name) => methods[name]!.operationId === operation)!;
  const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
  const escaped = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).addSchema(definition, 'api');
  const validate = ajv.compile({ $ref: `api#/${escaped.join('/')}` });
  return validate(data) ? null : validate.errors;
}

describe('a client that is generated from it', () => {
  let client: Client;
  let artifact: string;
  beforeAll(async () => {
    await startTensorFlow('wasm-relaxed');
    const store = new MemoryObjectStore();
    const ports = { ...testPorts(), store };
    const counting = ports.experiments;
    const all = {
      all: () => [...experiments.all(), ...counting.all()],
      find: (name: string) => (name === 'test/counting' ? counting : experiments).find(name),
    };
    for (const [run, steps] of [
      [first, 10],
      [second, 12],
    ] as const) {
      const request = countingRequest(run, { overrides: { steps } });
      await store.put(keys.request(run), formatRecord(request));
      await runStages(request, ports);
    }
    const open = countingRequest('20261125-120000-open', { experiment: 'learned-optimizers/quadratics' });
    await store.put(keys.request(open.run), formatRecord(open));
    await writeRegression(store, {
      ...{ formatVersion: 1, experiment: 'test/counting', preset: 'smoke', run: second },
      finishedAt: '2026-11-25T00:00:00Z',
      previous: { run: first, finishedAt: '2026-11-24T00:00:00Z' },
      outcome: 'verdict flipped',
      verdict: { before: 'holds', now: 'does not hold', flipped: true },
      ...{ changes: [], lost: [], gained: [] },
      causes: { code: { modules: [] }, datasets: [], params: [] },
    });
    artifact = await storeModel(store, samplePerceptron(), '20260101-perceptron');
    await storeModel(store, sampleEncoder(), '20260102-encoder');
    await storeModel(store, sampleHandwriting(), '20260103-handwriting');
    const now = () => Date.parse('2026-11-25T12:30:00Z');
    client = await generateClient(apiWorld({ store, experiments: all, now }));
  });

  test.each(Object.keys(reading))('%s gives what the document says', async (operation) => {
    const { status, data } = await client[operation]!(reading[operation]!);
    const type = operation === 'readReport' ? 'text/html' : 'application/json';
    expect([status, problemsOf(operation, status, type, data)]).toEqual([200, null]);
    if (operation in lists) expect((data as Record<string, unknown[]>)[lists[operation]!]).not.toEqual([]);
  });

  test.each(Object.keys(computing))('%s gives what the document says', async (operation) => {
    const accept = { headers: { accept: 'application/json' } };
    const { status, data } = await client[operation]!(null, computing[operation]!(artifact), accept);
    expect([status, problemsOf(operation, status, 'application/json', data)]).toEqual([200, null]);
  });

  test.each(Object.keys(computing))('%s with rubbish gets a problem document', async (operation) => {
    const { status, data } = await client[operation]!(null, { rubbish: true });
    expect([status, problemsOf(operation, status, 'application/problem+json', data)]).toEqual([400, null]);
    expect(data).toMatchObject({ status, title: 'Invalid request', instance: expect.stringMatching(/^urn:uuid:/) });
  });

  test.each<[operation: string, parameters: Readonly<Record<string, string | number>>, status: number]>([
    ['listResults', { limit: 0 }, 400],
    ['listResults', { experiment: 'no slash' }, 400],
    ['listRegressions', { limit: 10_000 }, 400],
    ['readResult', { paper: 'test', experiment: 'counting', run: 'none' }, 404],
    ['readResult', { paper: 'test', experiment: 'UPPER', run: first }, 400],
    ['readRun', { run: 'none' }, 404],
    ['readRun', { run: '..' }, 404],
    ['compareRuns', { run: first, other: 'none' }, 404],
    ['readReport', { run: first, file: 'none.html' }, 404],
    ['readReport', { run: first, file: '../request.json' }, 400],
  ])('%s of %j gets a problem document of %i', async (operation, parameters, expected) => {
    const { status, data } = await client[operation]!(parameters);
    expect(status).toBe(expected);
    expect(data).toMatchObject({ status, instance: expect.stringMatching(/^urn:uuid:/) });
    expect(problemsOf(operation, status, 'application/problem+json', data)).toBeNull();
  });

  test.each(Object.keys(reading))(
    '%s of a store that fails gets the problem document that is for anything else',
    async (operation) => {
      class BrokenStore extends MemoryObjectStore {
        override get = () => Promise.reject(new Error('broken'));
      }
      const broken = await generateClient(apiWorld({ store: new BrokenStore() }));
      const { status, data } = await broken[operation]!(reading[operation]!);
      // No run is listed, so that nothing is read.
      if (operation === 'listRuns' || operation === 'listRegressions') return expect(status).toBe(200);
      expect([status, problemsOf(operation, 'default', 'application/problem+json', data)]).toEqual([500, null]);
    },
  );
});
