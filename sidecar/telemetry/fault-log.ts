/** What the log says of a fault of our own: what it is and where, never its message, which may quote a request. */

const MAX_FRAMES = 8;

/** The part of pino that is used here. */
interface FaultLog {
  error(fields: object, message: string): void;
}

/** Tells `log` of each fault, under the id of the request that met it. */
export const faultLogger =
  (log: FaultLog) =>
  (cause: unknown, requestId: string): void =>
    log.error({ requestId, ...faultFields(cause) }, 'a fault of the sidecar');

function faultFields(cause: unknown): object {
  if (!(cause instanceof Error)) return { error: typeof cause };
  const frames = (cause.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { error: cause.name, stack: frames.slice(0, MAX_FRAMES).map((line) => line.trim()) };
}
