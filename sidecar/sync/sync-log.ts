/** What the client of the stream needs of a logger; pino's fits. */
export interface SyncLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
