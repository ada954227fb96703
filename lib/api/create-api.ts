/**
 * The HTTP API as one application that knows nothing of where it runs: a Lambda behind a function URL, a server on
 * loopback, a test that hands it a Request.
 */
import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { Deadline } from './deadline.ts';
import { ApiError, InvalidInput, MethodNotAllowed, TooBusy } from './errors.ts';
import { jsonBody } from './json-body.ts';
import { describeApi } from './openapi.ts';
import type { ApiApp, ApiEnvironment, ApiPorts } from './ports.ts';
import { problemType, toProblem } from './problem.ts';
import { registerDigits } from './routes/digits.ts';
import { registerEvaluations } from './routes/evaluations.ts';
import { registerExperiments } from './routes/experiments.ts';
import { registerHandwriting } from './routes/handwriting.ts';
import { registerOptimizers } from './routes/optimizers.ts';
import { registerRegressions } from './routes/regressions.ts';
import { registerReports } from './routes/reports.ts';
import { registerResults } from './routes/results.ts';
import { registerRuns } from './routes/runs.ts';
import { registerSegmentations } from './routes/segmentations.ts';
import { registerSentences } from './routes/sentences.ts';
import { loopbackOnly, securityHeaders } from './security.ts';

export interface ApiOptions {
  /** On a server that binds to loopback: refuses what a page of another site, or another name for this host, sends. */
  readonly loopback?: boolean;
  /** Text is sent compressed to whoever accepts that: for answers that go over a network. */
  readonly compressed?: boolean;
}

const routes = [
  registerExperiments,
  registerResults,
  registerRuns,
  registerRegressions,
  registerReports,
  registerEvaluations,
  registerDigits,
  registerOptimizers,
  registerSegmentations,
  registerSentences,
  registerHandwriting,
];

export function createApi(ports: ApiPorts, { loopback = false, compressed = false }: ApiOptions = {}): ApiApp {
  const app: ApiApp = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result) => {
      if (!result.success) throw new InvalidInput(describeIssues(result.error.issues));
    },
  });
  if (compressed) app.use(compress());
  app.use(securityHeaders);
  app.use(observe(ports));
  if (loopback) app.use(loopbackOnly);
  app.use(jsonBody(ports.limits));
  app.use(limitComputations(ports));
  for (const register of routes) register(app, ports);
  describeApi(app);
  refuseOtherMethods(app);

  app.notFound((context) => {
    const { method, path } = context.req;
    const problem = {
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      detail: `There is no ${method} ${path.slice(0, 200)}. /openapi.json lists what there is.`,
      instance: context.get('requestId'),
    };
    return context.json(problem, 404, { 'content-type': problemType });
  });
  app.onError((error, context) => {
    const instance = context.get('requestId');
    const problem = toProblem(error, instance);
    const { name, message, stack } = error;
    ports.log(problem.status >= 500 ? 'error' : 'warn', 'request refused', {
      request: instance,
      error: name,
      // Not `message`: that is the line's own, and a logger drops a second one.
      reason: message,
      // What was meant to be said to the caller needs no trace.
      ...(problem.status === 500 ? { stack } : {}),
    });
    return context.body(JSON.stringify(problem), problem.status as 500, {
      'content-type': problemType,
      ...(problem.status === 503 ? { 'retry-after': '5' } : {}),
      ...(error instanceof MethodNotAllowed ? { allow: error.allowed } : {}),
    });
  });
  return app;
}

/** Names the request, gives it its deadline, and writes one line when it is answered: no body, no query, no header. */
function observe({ limits, log }: ApiPorts): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const startedAt = performance.now();
    const requestId = `urn:uuid:${randomUUID()}`;
    const deadline = new Deadline(limits.deadlineMilliseconds, context.req.raw.signal);
    context.set('requestId', requestId);
    context.set('deadline', deadline);
    let status: number | undefined;
    try {
      await deadline.race(next());
      status = context.res.status;
    } catch (error) {
      status = error instanceof ApiError ? error.status : 500;
      throw error;
    } finally {
      deadline.end();
      log('info', 'request', {
        request: requestId,
        method: context.req.method,
        path: context.req.path.slice(0, 200),
        status,
        milliseconds: Math.round((performance.now() - startedAt) * 10) / 10,
      });
    }
  };
}

/** A path that is there, asked by another method than its own: what is left after the routes. */
function refuseOtherMethods(app: ApiApp): void {
  const documented = app.openAPIRegistry.definitions.flatMap((one) => (one.type === 'route' ? [one.route] : []));
  const byPath = Map.groupBy([...documented, { path: '/openapi.json', method: 'get' }], ({ path }) => path);
  for (const [path, own] of byPath) {
    // Who answers GET answers HEAD.
    const allowed = own.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), ({ req }) => {
      throw new MethodNotAllowed(req.method, allowed.join(', '));
    });
  }
}

function limitComputations({ limits }: ApiPorts): MiddlewareHandler<ApiEnvironment> {
  let running = 0;
  return async (context, next) => {
    if (context.req.method !== 'POST') return next();
    if (running >= limits.concurrentComputations) throw new TooBusy(limits.concurrentComputations);
    running++;
    try {
      await next();
    } finally {
      running--;
    }
  };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of a union: what is wrong with the value as each of its members. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** `steps: Too big: expected number to be <=200; …`: the first few, for a long array may be wrong in every place. */
function describeIssues(issues: readonly Issue[]): string {
  const all = issues.flatMap(nearestMember);
  const described = all.slice(0, 5).map(({ path, message }) => {
    const place = path.map(String).join('.').slice(0, 100);
    return place === '' ? message.slice(0, 300) : `${place}: ${message.slice(0, 300)}`;
  });
  return `${described.join('; ')}${all.length > 5 ? `; and ${all.length - 5} more` : ''}.`;
}

/** A union's own message says nothing: what is told is why the value is not the member that it is nearest to. */
function nearestMember(issue: Issue): readonly Issue[] {
  if (!issue.errors?.length) return [issue];
  const nearest = issue.errors.reduce((best, member) => (member.length < best.length ? member : best));
  return nearest.flatMap((inner) => nearestMember({ ...inner, path: [...issue.path, ...inner.path] }));
}
