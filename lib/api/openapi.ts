/** `/openapi.json`: the routes' own schemas as an OpenAPI 3.1 document. */
import type { ApiApp } from './ports.ts';

export const openApiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'Stepwise',
    version: '1.0.0',
    description:
      'Results of experiments of machine-learning papers, and the models that they trained, to try. Errors are problem documents (RFC 9457).',
    license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  // Deployed, requests are signed; a server on loopback asks for nothing.
  security: [{ awsSignature: [] }, {}],
  tags: [
    { name: 'results', description: 'What runs found' },
    { name: 'models', description: 'Trained models, to try' },
  ],
};

export function describeApi(app: ApiApp): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'awsSignature', {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'AWS Signature Version 4, service `lambda`',
  });
  let document: string | undefined;
  app.get('/openapi.json', (context) => {
    document ??= JSON.stringify(app.getOpenAPI31Document(openApiInfo));
    return context.body(document, 200, { 'content-type': 'application/json' });
  });
}
