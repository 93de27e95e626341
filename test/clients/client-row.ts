/** What the tests and `docs/reference/clients.md` know of a client. */

/** How a client asks for an object of a certain form; not every service can be asked in each way. */
export type ObjectWay = 'schema' | 'forced tool';

export interface ClientRow {
  /** What people call it. */
  readonly client: string;
  /** The package whose version the page names. */
  readonly package: string;
  /** A file of the folder of its language. */
  readonly app: string;
  /** The injected variable that leads it to the sidecar; absent where its code or its settings must say it. */
  readonly variable?: string;
  /** The paths that it asks for by that. */
  readonly calls: readonly string[];
  /** The dialect in which the sidecar hears it. */
  readonly dialect: string;
  /** What the app sets beside what injection does. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: it asks for none. */
  readonly asksObjectBy?: ObjectWay;
  readonly embeds?: boolean;
  /** The member by which it names the turn before; absent: it repeats what was said. */
  readonly goesOnBy?: 'item_reference' | 'previous_response_id';
  readonly note?: string;
}
