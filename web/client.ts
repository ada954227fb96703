/** Asks the API that serves this page, and makes its problem documents errors. */

export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Finds the line in the server's log. */
  readonly instance?: string;
}

export class RequestRefused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'RequestRefused';
    this.problem = problem;
  }
}

export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, signal ? { signal } : {});
}

export function post<Answer>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, application/problem+json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestRefused({
      title: 'The server does not answer',
      status: 0,
      detail: 'Is stepwise serve still running? Start it again and reload this page.',
    });
  }
  const text = await response.text();
  const answer = parse(text);
  if (response.ok && answer !== undefined) return answer as Answer;
  throw new RequestRefused(readProblem(answer, response));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What came in between, such as a proxy, need not know of problem documents. */
export function readProblem(answer: unknown, { status }: { readonly status: number }): Problem {
  const { title, detail, instance } = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<
    Record<string, unknown>
  >;
  return {
    title: typeof title === 'string' ? title : 'Something went wrong',
    status,
    detail: typeof detail === 'string' ? detail : `The server answered with status ${status} and no explanation.`,
    ...(typeof instance === 'string' ? { instance } : {}),
  };
}
