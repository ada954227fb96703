/**
 * Takes out of a text what would let its reader act for somebody else: credentials, signed addresses, webhooks. Everything
 * that becomes a log line, a record of a failure or a message passes through here, because errors of other people's
 * libraries repeat what they were given.
 *
 * It knows secrets by their form. What looks like any other word it cannot know; such must not be put into messages.
 */

const removed = '[redacted]';

/** Each takes time proportional to the text: what repeats is bounded, or cannot match where it begins. */
const secrets: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Presigned requests of S3, both signature versions, and shared access signatures.
  [
    /([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|sig)=)[^&\s"'<>]+/gi,
    `$1${removed}`,
  ],
  // The Authorization header of a signed request.
  [/\b(Credential=)[^,\s"']+/g, `$1${removed}`],
  [/\b(Signature=)[0-9a-f]{32,}/g, `$1${removed}`],
  [/\b(Bearer|Basic) [\w.~+/=-]{8,}/g, `$1 ${removed}`],
  // Names of AWS keys, then whatever is assigned to the names that AWS gives secrets.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, removed],
  [
    /\b((?:aws_?)?(?:secret_?access_?key|session_?token|security_?token)["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"',}&]+/gi,
    `$1${removed}`,
  ],
  [/\b(x-amz-security-token["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"',}&]+/gi, `$1${removed}`],
  // A user's name and password in an address.
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/:@"']{1,256}:[^\s/@"']{1,256}@/gi, `$1${removed}@`],
  // Whoever knows the address of a chat's webhook may post there.
  [
    /https:\/\/(?:hooks\.slack\.com\/[a-z]+|discord(?:app)?\.com\/api\/webhooks|[\w-]{1,63}\.webhook\.office\.com|chat\.googleapis\.com\/v1\/spaces)\/[^\s"'<>]+/gi,
    removed,
  ],
];

export function redactSecrets(text: string): string {
  return secrets.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** A replacer for JSON.stringify: texts anywhere in a value, with line ends and quotes as they are. */
export function redactingReplacer(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? redactSecrets(value) : value;
}

/** The same error with nothing secret in its words, so that it can be thrown on: its class and name stay. */
export function redactError(error: unknown): unknown {
  for (let current = error, depth = 0; current instanceof Error && depth < 10; current = current.cause, depth++) {
    const { message, stack } = current;
    if (redactSecrets(message) !== message) current.message = redactSecrets(message);
    if (stack !== undefined && redactSecrets(stack) !== stack) current.stack = redactSecrets(stack);
  }
  return error;
}
