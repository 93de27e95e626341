/** What of a request the API of a target cannot express: refused before anything is sent, or left out and named, as the route says. */
import { RemoraError } from '#sidecar/errors/remora-error';

const NOTHING: readonly string[] = [];

export type OnUnsupported = 'Refuse' | 'Drop';

export class Losses {
  readonly #api: string;
  readonly #onUnsupported: OnUnsupported;
  readonly #clientPath: (path: string) => string;
  /** Each once: after a rest in a long walk the same is lost again. */
  #dropped: Set<string> | undefined;

  /** `api`: its name for people. `clientPath`: a canonical path in the words of the client's API. */
  constructor(api: string, onUnsupported: OnUnsupported, clientPath: (path: string) => string = (path) => path) {
    this.#api = api;
    this.#onUnsupported = onUnsupported;
    this.#clientPath = clientPath;
  }

  /** What was left out, as the client's paths. */
  get dropped(): readonly string[] {
    return this.#dropped === undefined ? NOTHING : [...this.#dropped];
  }

  /** Without it the answer may be another one. Throws `unsupported_parameter` unless the route says Drop. */
  drop(path: string): void {
    if (this.#onUnsupported === 'Refuse') this.refuse(path);
    this.note(path);
  }

  /** The answer is the same without it, such as a cache marker, or a proof that only another API reads: always left out. */
  note(path: string): void {
    this.#dropped ??= new Set();
    this.#dropped.add(this.#clientPath(path));
  }

  /** Without it the request makes no sense. `reason`: a sentence, where the path alone does not tell. Throws `unsupported_parameter`. */
  refuse(canonicalPath: string, reason = ''): never {
    const path = this.#clientPath(canonicalPath);
    throw new RemoraError({
      code: 'unsupported_parameter',
      message: `${path} cannot be expressed in the API of ${this.#api}. ${reason}${reason && ' '}Leave it out, add a target that supports it, or let the AIRoute drop what a target lacks (onUnsupported: Drop).`,
      param: path,
    });
  }
}
