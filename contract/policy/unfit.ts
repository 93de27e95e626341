/** What a sidecar would rather not use now. Sidecars tell each other through the operator, so that not each has to find out by a failed request. */
export interface Unfit {
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** The model as a route's target names it; null: all of the provider. */
  readonly model: string | null;
  /** The kind of failure that told: one of UNFIT_REASONS, or `other`. */
  readonly reason: string;
}

/** Of what fails by its own fault: an open circuit breaker. */
export const OUTAGE = 'outage';

/** A closed set, since logs and labels of metrics repeat it and a sidecar may say anything. */
export const UNFIT_REASONS: readonly string[] = ['auth', 'quota', OUTAGE];

/** Told of no more than this at once. */
export const MAX_UNFIT = 256;

/** The same for the same thing, whatever the reason. */
export const unfitKey = ({ provider, model }: Pick<Unfit, 'provider' | 'model'>): string =>
  `${provider} ${model ?? ''}`;
