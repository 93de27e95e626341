/** Streams whose client has left and that are read to their end all the same, so that what they used is known: so many at one time, for so long. */
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import type { RequestScope } from '#sidecar/pipeline/scope/request-scope';

export class Drains {
  readonly #bounds: SidecarConfig['drained'];
  readonly #open = new Set<RequestScope>();
  #isClosed = false;

  constructor(bounds: SidecarConfig['drained']) {
    this.#bounds = bounds;
  }

  /** A client that leaves from now on does not end the call to the provider, where there is room. */
  offer(scope: RequestScope): void {
    scope.goOnWithoutClient(() => this.#take(scope));
  }

  #take(scope: RequestScope): boolean {
    if (this.#isClosed || this.#open.size >= this.#bounds.most) return false;
    this.#open.add(scope);
    const late = scope.deadlines.in(this.#bounds.ms, () => scope.abandonAttempts());
    scope.atEnd(() => {
      scope.deadlines.cancel(late);
      this.#open.delete(scope);
    });
    return true;
  }

  /** Ends all, and takes no more. */
  close(): void {
    this.#isClosed = true;
    for (const scope of this.#open) scope.abandonAttempts();
  }
}
