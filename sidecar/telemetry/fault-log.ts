/** What the log says of a fault of our own: what it is and where, never its message, which may quote a request. */
import { faultFields } from '#contract/names/fault-fields';

/** The part of pino that is used here. */
interface FaultLog {
  error(fields: object, message: string): void;
}

/** Tells `log` of each fault, under the id of the request that met it. */
export const faultLogger =
  (log: FaultLog) =>
  (cause: unknown, requestId: string): void =>
    log.error({ requestId, ...faultFields(cause) }, 'a fault of the sidecar');
