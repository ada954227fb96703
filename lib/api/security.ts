/** What a browser is told with every answer, and which browsers are listened to. */
import type { MiddlewareHandler } from 'hono';
import { ForeignOrigin } from './errors.ts';
import type { ApiEnvironment } from './ports.ts';

/** For JSON: a browser that shows it runs nothing and loads nothing. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * For reports, which lie in the store as a run wrote them: an origin of their own (`sandbox`), so that nothing in one can
 * ask this API. Their only script, if any, is named by its hash in the page's own policy, which narrows this one.
 */
export const reportPolicy = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "img-src 'self' data:",
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': dataPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Cache-Control': 'no-store',
};

/** A route may set another value of its own. */
export const securityHeaders: MiddlewareHandler<ApiEnvironment> = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(headers)) {
    if (!context.res.headers.has(name)) context.res.headers.set(name, value);
  }
};

const loopbackHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;

/**
 * For a server on loopback, where the caller's address proves nothing: any page in the user's browser may call it. A name
 * that was made to point here (DNS rebinding) shows in Host, a page of another site in Origin. Throws ForeignOrigin.
 */
export const loopbackOnly: MiddlewareHandler<ApiEnvironment> = async (context, next) => {
  const host = context.req.header('host');
  if (host === undefined || !loopbackHost.test(host)) {
    throw new ForeignOrigin(
      `This server answers to 127.0.0.1 and localhost, and was asked as ${JSON.stringify((host ?? '').slice(0, 100))}.`,
    );
  }
  const origin = context.req.header('origin');
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new ForeignOrigin(
      `Pages of other origins may not use this server, and this request comes from ${JSON.stringify(origin.slice(0, 100))}.`,
    );
  }
  return next();
};
