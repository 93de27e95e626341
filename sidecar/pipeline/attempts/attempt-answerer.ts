/** The attempt that answered, as the later stages see it. */
import type { OutputGuard } from '#sidecar/guardrails/guardrail';
import type { Answerer } from './answer.ts';
import type { AttemptRecorder } from './attempt-recorder.ts';
import type { Lane } from './lanes/lane.ts';
import type { Plan } from './plan.ts';

export class AttemptAnswerer implements Answerer {
  readonly target: string;
  readonly dropped: readonly string[];
  readonly lane: Lane;
  readonly outputGuard: OutputGuard | null;
  readonly outputWatch: OutputGuard | null | undefined;
  readonly #keeper: string | undefined;
  readonly #log: AttemptRecorder;

  constructor({ candidate, dropped, lane, wire }: Plan, log: AttemptRecorder) {
    this.target = candidate.target.policy.name;
    this.#keeper = wire.keepsAnswers && candidate.provider.policy.key;
    this.dropped = dropped;
    this.lane = lane;
    this.outputGuard = candidate.outputGuard;
    this.outputWatch = candidate.watch?.output;
    this.#log = log;
  }

  get kept(): Answerer['kept'] {
    return this.#keeper === undefined ? undefined : { keeper: this.#keeper, ids: this.#log.ids };
  }

  settle(): void {
    this.#log.settle();
  }

  get limits(): Answerer['limits'] {
    return this.#log.limits;
  }

  get costNanoUsd(): bigint | null {
    return this.#log.costNanoUsd;
  }
}
