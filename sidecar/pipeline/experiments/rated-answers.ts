/** Which answers feedback can still be about: the newest ones, by the id of their request. Memory and no record: it ends with the process. */
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { Arm } from './arm.ts';

/** Ids of some forty characters: two megabytes at most. */
const MOST_ANSWERS = 10_000;

/** What an app says of an answer. */
export interface Feedback {
  readonly requestId: string;
  /** From 0, worthless, to 1. */
  readonly score: number;
  readonly route: string;
  /** `provider/model` that answered. */
  readonly target: string;
  readonly variant?: string;
}

/** Who answered; one object for as many answers in a row as are alike. */
interface Answered {
  readonly route: string;
  readonly target: string;
  readonly variant: string | undefined;
  readonly arm: Arm | undefined;
}

/** A ring and no map: every request is remembered and few are rated, so that looking one up may cost a walk. */
export class RatedAnswers {
  readonly #ids: string[] = [];
  readonly #answered: Answered[] = [];
  readonly #isRated = new Uint8Array(MOST_ANSWERS);
  #next = 0;
  #last: Answered | undefined;

  /** `arm`: absent where the rule has no variants. */
  remember({ requestId, route, answeredBy, variant }: RequestRecord, arm?: Arm): void {
    if (route === undefined || answeredBy === undefined) return;
    this.#ids[this.#next] = requestId;
    this.#answered[this.#next] = this.#alike({ route, target: answeredBy, variant, arm });
    this.#isRated[this.#next] = 0;
    this.#next = (this.#next + 1) % MOST_ANSWERS;
  }

  #alike(answered: Answered): Answered {
    const { route, target, variant, arm } = answered;
    const last = this.#last;
    const isAlike = last?.route === route && last.target === target && last.variant === variant && last.arm === arm;
    if (!isAlike) this.#last = answered;
    return isAlike ? last : answered;
  }

  /** `unknown`: no such answer is remembered. Only the first score of an answer counts; `again`: this is another one. */
  rate(requestId: string, score: number): Feedback | 'unknown' | 'again' {
    const at = this.#ids.indexOf(requestId);
    const answered = this.#answered[at];
    if (answered === undefined) return 'unknown';
    if (this.#isRated[at] === 1) return 'again';
    this.#isRated[at] = 1;
    const { route, target, variant, arm } = answered;
    arm?.rated(score);
    return { requestId, score, route, target, ...(variant !== undefined && { variant }) };
  }
}
