/** The operator's structured log: one JSON line per fact on stdout. Objects are named; specs, tokens and secret values never are. */
import { type DestinationStream, pino } from 'pino';

export type Logger = pino.Logger;

/** Names under which a value would be a secret; a last net, since nothing logs them on purpose. */
const SECRET_PATHS = ['token', 'authorization', 'credentials', 'keyPem', 'password', 'apiKey'];

export function createLog(level: string, destination?: DestinationStream): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { service: 'remora-operator' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_PATHS.flatMap((path) => [path, `*.${path}`]), censor: '[redacted]' },
    serializers: { err: errorLine },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Name, message, code and stack only: error objects of HTTP clients carry whole requests. */
function errorLine(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? { code: error.code } : {};
  return { type: error.name, message: error.message, ...code, stack: error.stack };
}
