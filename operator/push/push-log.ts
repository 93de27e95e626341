/** What the push server needs of a logger; pino's fits. Nothing that is logged here comes from a token, a credential or a request. */
export interface PushLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
