import { createConfig, lintFromString } from '@redocly/openapi-core';
import { OpenAPIClientAxios } from 'openapi-client-axios';
import { describe, expect, test } from 'vitest';
import { apiWorld, storeModel } from './api-world.ts';
import { samplePerceptron } from './sample-models.ts';

const reading = [
  ...['listExperiments', 'listResults', 'readResult', 'listRuns', 'readRun', 'compareRuns'],
  ...['listRegressions', 'readReport'],
];
const computing = [
  'evaluateArtifact',
  'classifyDigit',
  'raceOptimizers',
  'refineSegments',
  'encodeSentences',
  'writeByHand',
];

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 without a word from the linter, and names every operation once', async () => {
    const { text, json } = await apiWorld().get('/openapi.json');
    expect(json.openapi).toMatch(/^3\.1/);
    const config = await createConfig({
      extends: ['recommended'],
      rules: {
        // A deployment has its own address, and a client on loopback is at the same origin.
        'no-empty-servers': 'off',
        'no-server-example.com': 'off',
        // Absent credentials are right on loopback, where the server cannot be reached from elsewhere.
        'security-defined': 'error',
      },
    });
    const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual(
      [],
    );
    const found = Object.values<Record<string, { operationId: string }>>(json.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(found.sort()).toEqual([...reading, ...computing].sort());
  });
});

describe('a client that is generated from it', () => {
  async function generatedClient() {
    const world = apiWorld();
    const { json: definition } = await world.get('/openapi.json');
    const api = new OpenAPIClientAxios({ definition });
    const client = await api.init();
    // The application itself in place of a network.
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
    return {
      world,
      client: client as unknown as Record<string, (...args: unknown[]) => Promise<{ status: number; data: never }>>,
    };
  }

  test('reads and computes, by the operations’ names', async () => {
    const { world, client } = await generatedClient();
    await storeModel(world.store, samplePerceptron());
    expect(await client.listResults!({ limit: 1 })).toMatchObject({
      status: 200,
      data: { results: [{ outcome: 'holds' }] },
    });
    const digit = await client.classifyDigit!(null, { pixels: Array(784).fill(0.5) });
    expect(digit).toMatchObject({ status: 200, data: { probabilities: expect.any(Array) } });
    const race = await client.raceOptimizers!(null, { problem: 'quadratics', optimizers: ['ADAM'], steps: 3 });
    expect(race).toMatchObject({
      status: 200,
      data: { unit: 'squared error', curves: [{ losses: expect.any(Array) }] },
    });
  });

  test.each(computing)('%s with rubbish gets a problem document', async (operation) => {
    const { client } = await generatedClient();
    const { status, data } = await client[operation]!(null, { rubbish: true });
    expect(data).toMatchObject({ status, title: 'Invalid request', instance: expect.stringMatching(/^urn:uuid:/) });
    expect(status).toBe(400);
  });

  test.each(reading)('%s of what is not there gets a problem document, or an empty list', async (operation) => {
    const { client } = await generatedClient();
    const parameters = { paper: 'a', experiment: 'a/b', run: 'none', other: 'none', file: 'index.html' };
    const { status, data } = await client[operation]!(parameters);
    if (operation.startsWith('list')) expect([status, Object.keys(data)]).toEqual([200, [expect.any(String)]]);
    else
      expect(data).toMatchObject({ status, title: expect.any(String), instance: expect.stringMatching(/^urn:uuid:/) });
  });
});
