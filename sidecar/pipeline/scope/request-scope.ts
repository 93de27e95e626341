/** How one request ends early: the client leaves, the total deadline passes, or the sidecar drains. The first cause wins and reaches the upstream in the same tick. */
import { RemoraError } from '#sidecar/errors/remora-error';
import { AttemptAbort } from './attempt-abort.ts';
import type { Deadline, Deadlines } from './deadlines.ts';

/** The client closed its connection: there is nobody to answer. */
export class ClientGone extends Error {
  constructor(message = 'The client closed the connection.') {
    super(message);
    this.name = 'ClientGone';
  }
}

/** Another target has answered sooner: this turn is over, and the request is not. */
export class Superseded extends Error {
  constructor() {
    super('Another target answered first.');
    this.name = 'Superseded';
  }
}

export class RequestScope {
  readonly deadlines: Deadlines;
  #cause: ClientGone | RemoraError | undefined;
  readonly #attempts: AttemptAbort[] = [];
  #wake: (() => void) | undefined;
  #total: Deadline | undefined;
  #atEnd: (() => void)[] | undefined;
  #mayGoOn: (() => boolean) | undefined;
  #goesOn = false;

  constructor(deadlines: Deadlines) {
    this.deadlines = deadlines;
  }

  get cause(): ClientGone | RemoraError | Superseded | undefined {
    return this.#cause;
  }

  /** Of a turn that another one came before. */
  get isSuperseded(): boolean {
    return false;
  }

  /** Of a turn that began beside another one, which is under way still. */
  get isHedge(): boolean {
    return false;
  }

  cancel(cause: ClientGone | RemoraError): void {
    if (this.#cause !== undefined) {
      // What goes on for nobody ends with the first other reason.
      if (!(cause instanceof ClientGone)) this.abandonAttempts();
      return;
    }
    this.#cause = cause;
    this.#wake?.();
    this.#goesOn = cause instanceof ClientGone && this.#attempts.length > 0 && this.#mayGoOn?.() === true;
    if (!this.#goesOn) this.abandonAttempts();
  }

  /** `take` is asked when the client leaves during an exchange: true lets it go on. */
  goOnWithoutClient(take: () => boolean): void {
    this.#mayGoOn = take;
  }

  /** The client has left, and the exchange that is under way goes on for its usage alone. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  throwIfCancelled(): void {
    const { cause } = this;
    if (cause !== undefined) throw cause;
  }

  /** What was taken for one route is given back, since another one is to answer. The deadline stays. */
  beginAnew(): void {
    this.#mayGoOn = undefined;
    this.#runEnding();
  }

  /** Ends the request `ms` from now with `upstream_timeout`, unless it ends sooner. `route` is the AIRoute that says so. */
  limitTo(ms: number, route: string): void {
    if (ms >= this.remainingMs) return;
    if (this.#total !== undefined) this.deadlines.cancel(this.#total);
    this.#total = this.deadlines.in(ms, () =>
      this.cancel(
        new RemoraError({
          code: 'upstream_timeout',
          message: `The request was not answered within the ${ms} ms that AIRoute ${route} gives it in all. Retry later, or raise its total timeout.`,
          object: `AIRoute ${route}`,
        }),
      ),
    );
  }

  /** Milliseconds until the total deadline; infinite before it is known. */
  get remainingMs(): number {
    return this.#total === undefined ? Number.POSITIVE_INFINITY : this.deadlines.remainingMs(this.#total);
  }

  /** Ends the attempt that begins now, and is ended with the request. */
  beginAttempt(): AttemptAbort {
    this.throwIfCancelled();
    const abort = new AttemptAbort();
    this.#attempts.push(abort);
    return abort;
  }

  /** Its exchange is over, or of no use any more. */
  endAttempt(abort: AttemptAbort): void {
    abort.abort();
    const index = this.#attempts.indexOf(abort);
    if (index >= 0) this.#attempts.splice(index, 1);
  }

  /** Throws the cause when the request is cancelled meanwhile. */
  async sleep(ms: number): Promise<void> {
    if (ms > 0) await this.waitFor(ms, () => {});
    else this.throwIfCancelled();
  }

  /** True once `begin`'s argument was called, false after `ms`. Throws the cause when the request is cancelled meanwhile. */
  async waitFor(ms: number, begin: (wake: () => void) => void): Promise<boolean> {
    this.throwIfCancelled();
    const came = await new Promise<boolean>((resolve) => {
      const deadline = this.deadlines.in(ms, () => resolve(false));
      const end = (value: boolean): void => {
        this.deadlines.cancel(deadline);
        resolve(value);
      };
      this.#wake = () => end(false);
      begin(() => end(true));
    });
    this.#wake = undefined;
    this.throwIfCancelled();
    return came;
  }

  /** Called once, when the request is over. */
  atEnd(run: () => void): void {
    this.#atEnd ??= [];
    this.#atEnd.push(run);
  }

  /** Ends the exchanges that are under way: their answers are of no use any more. */
  abandonAttempts(): void {
    for (const abort of this.#attempts) abort.abort();
  }

  close(): void {
    if (this.#total !== undefined) this.deadlines.cancel(this.#total);
    this.#runEnding();
  }

  #runEnding(): void {
    const ending = this.#atEnd;
    this.#atEnd = undefined;
    for (const run of ending ?? []) run();
  }
}
