/**
 * Posts the alerts that the status of objects says are still to be taken: again and again under the same id, over restarts and
 * leaders, since what waits is in the status and nowhere else. What is kept here is only when each is due.
 */
import { type AlertDelivery, type AlertWebhook, WEBHOOK_SECRET_KEYS } from '#contract/resources/limit-alerts';
import { parseAddress } from '#contract/webhook/address';
import { signatureHeaders, signingKey } from '#contract/webhook/signature';
import { type AlertedObject, alertEvent } from './alert-event.ts';
import { isTooOld, retryAfterMs } from './alert-retry.ts';
import type { Posted, WebhookPoster } from './webhook-post.ts';

/** At one time, of all objects. */
const MOST_POSTS = 8;

type PostWord = 'taken' | 'failed' | 'gone' | 'abandoned';

export interface AlertPosterOptions {
  readonly webhooks: Pick<WebhookPoster, 'post'>;
  /** Values of a Secret by key; undefined: it is not there. */
  readonly secret: (namespace: string, name: string) => ReadonlyMap<string, string> | undefined;
  /** Another replica posts while this is false. */
  readonly leads: () => boolean;
  /** What waits for the object of this key is another than its status says. */
  readonly onChange: (key: string) => void;
  readonly onPosted: (word: PostWord, key: string, reason: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Runs `task` once after `ms` unless the returned function is called before. */
  readonly after: (ms: number, task: () => void) => () => void;
}

/** An object with what its status, as it is written, says is still to be taken. */
export interface WaitingAlerts {
  readonly object: AlertedObject;
  readonly webhooks: readonly AlertWebhook[];
  readonly deliveries: readonly AlertDelivery[];
}

interface Waiting {
  readonly key: string;
  readonly object: AlertedObject;
  readonly webhook: AlertWebhook | undefined;
  readonly delivery: AlertDelivery;
  readonly tries: Tries;
}

interface Tries {
  made: number;
  dueMs: number;
  isSending: boolean;
  isOver: boolean;
  /** Of the last attempt that failed. */
  reason: string | undefined;
}

export class AlertPoster {
  readonly #options: AlertPosterOptions;
  /** By id. */
  readonly #waiting = new Map<string, Waiting>();
  #cancel: (() => void) | undefined;
  #sending = 0;
  #isClosed = false;

  constructor(options: AlertPosterOptions) {
    this.#options = options;
  }

  /** Takes over what the status of the object says, in place of what it said before. */
  keep(key: string, { object, webhooks, deliveries }: WaitingAlerts): void {
    const ids = new Set(deliveries.map(({ id }) => id));
    for (const [id, waiting] of this.#waiting) if (waiting.key === key && !ids.has(id)) this.#waiting.delete(id);
    for (const delivery of deliveries) {
      const tries = this.#waiting.get(delivery.id)?.tries ?? this.#fresh();
      const webhook = webhooks[delivery.webhook];
      this.#waiting.set(delivery.id, { key, object, webhook, delivery, tries });
    }
    this.#pump();
  }

  /** The object is gone: nobody is to hear of it any more. */
  forget(key: string): void {
    for (const [id, waiting] of this.#waiting) if (waiting.key === key) this.#waiting.delete(id);
  }

  /** It was taken, or nobody tries any more. */
  isOver({ id, raised }: AlertDelivery): boolean {
    return this.#waiting.get(id)?.tries.isOver === true || isTooOld(raised, this.#options.now());
  }

  /** The first alert of the object that was tried and not taken yet, and why; undefined: there is none. */
  failing(key: string): { readonly webhook: number; readonly reason: string } | undefined {
    for (const { key: of, delivery, tries } of this.#waiting.values())
      if (of === key && !tries.isOver && tries.reason !== undefined)
        return { webhook: delivery.webhook, reason: tries.reason };
    return undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #fresh(): Tries {
    return { made: 0, dueMs: this.#options.now(), isSending: false, isOver: false, reason: undefined };
  }

  #pump(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { leads, now, after } = this.#options;
    if (this.#isClosed) return;
    // What waits is another leader's now; a new one looks at every status, and so comes back here.
    if (!leads()) this.#waiting.clear();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) {
      const { tries } = waiting;
      if (tries.isSending || tries.isOver) continue;
      if (tries.dueMs > now()) nextMs = Math.min(nextMs, tries.dueMs);
      // What finds no place is looked at again when an attempt is over.
      else if (this.#sending < MOST_POSTS) void this.#attempt(waiting);
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#cancel = after(nextMs - now(), () => this.#pump());
  }

  async #attempt(waiting: Waiting): Promise<void> {
    const { tries } = waiting;
    tries.isSending = true;
    this.#sending += 1;
    const posted = await this.#send(waiting);
    tries.isSending = false;
    this.#sending -= 1;
    if (!this.#isClosed) this.#conclude(waiting, posted);
    this.#pump();
  }

  #conclude({ key, delivery, tries }: Waiting, { outcome, reason }: Posted): void {
    const { now, random, onChange, onPosted } = this.#options;
    tries.made += 1;
    const waitMs = retryAfterMs(tries.made, random());
    const isLast = outcome === 'failed' && isTooOld(delivery.raised, now() + waitMs);
    tries.isOver = outcome !== 'failed' || isLast;
    tries.dueMs = now() + waitMs;
    const isNews = tries.isOver || tries.reason !== reason;
    tries.reason = reason;
    onPosted(isLast ? 'abandoned' : outcome, key, reason);
    if (isNews) onChange(key);
  }

  async #send({ object, webhook, delivery }: Waiting): Promise<Posted> {
    const { secret, webhooks, now } = this.#options;
    const values = webhook && secret(object.namespace, webhook.secretRef.name);
    const url = webhook?.url ?? parseAddress(values?.get(WEBHOOK_SECRET_KEYS.url) ?? '');
    const key = signingKey(values?.get(WEBHOOK_SECRET_KEYS.signingKey) ?? '');
    if (url === undefined) return { outcome: 'failed', reason: 'its Secret has no address under the key url' };
    if (key === undefined)
      return { outcome: 'failed', reason: 'its Secret has no key of 24 bytes or more under signing-key' };
    const body = alertEvent(object, delivery);
    const headers = signatureHeaders(key, { id: delivery.id, nowUnixMs: now(), body });
    return webhooks.post({ url, headers, body });
  }
}
