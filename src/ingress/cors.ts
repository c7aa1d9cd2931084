export interface CorsOptions {
  /** Origins that may read answers; `*` is everybody. */
  readonly origins: readonly string[];
}

const ALLOWED_HEADERS =
  'content-type, content-encoding, authorization, x-api-key, x-request-id, traceparent, ' +
  'x-headgate-min-block, x-headgate-upstream, x-headgate-cache, last-event-id';

const EXPOSED_HEADERS =
  'x-headgate-upstream, x-headgate-cache, x-headgate-attempts, x-headgate-block, x-request-id, retry-after';

/** True if a page of this origin may talk to us; a request without an origin is not from a page. */
export const originAllowed = (origin: string | undefined, { origins }: CorsOptions): boolean =>
  origin === undefined || origins.includes('*') || origins.includes(origin);

/**
 * The CORS headers of every answer, errors too: a browser shows "failed to fetch" for an error without them. Another
 * origin gets none.
 */
export const corsHeaders = (origin: string | undefined, options: CorsOptions): Readonly<Record<string, string>> => {
  if (options.origins.includes('*')) return { 'access-control-allow-origin': '*', ...exposed };
  if (origin === undefined || !options.origins.includes(origin)) return { vary: 'Origin' };
  return { 'access-control-allow-origin': origin, vary: 'Origin', ...exposed };
};

const exposed = { 'access-control-expose-headers': EXPOSED_HEADERS };

/** What a preflight is told besides `corsHeaders`. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers': ALLOWED_HEADERS,
  'access-control-max-age': '86400',
};
