/** Keeps our CA in a webhook configuration: the chart leaves `caBundle` out, we apply it and put it back whenever it is gone. */
import type { Logger } from '#operator/telemetry/log';
import type { KubeClient } from './kube-client.ts';
import { Reflector } from './reflector.ts';
import type { KubeObject, ResourceType } from './resource-type.ts';
import { WorkQueue } from './work-queue.ts';

export type WebhookConfiguration = KubeObject & {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig?: { readonly caBundle?: string } }[];
};

/** The names of the webhooks that do not carry exactly this bundle (base64 of PEM). */
const webhooksWithout = (configuration: WebhookConfiguration, caBundle: string): string[] =>
  (configuration.webhooks ?? [])
    .filter((webhook) => webhook.clientConfig?.caBundle !== caBundle)
    .map((webhook) => webhook.name);

export interface WebhookCaOptions {
  readonly client: KubeClient;
  /** Of webhook configurations that change objects, or that judge them. */
  readonly type: ResourceType;
  readonly name: string;
  readonly caPem: string;
  readonly log: Logger;
}

export class WebhookCa {
  readonly #options: WebhookCaOptions;
  readonly #caBundle: string;
  readonly #reflector: Reflector<WebhookConfiguration>;
  readonly #queue: WorkQueue;
  #configuration: WebhookConfiguration | undefined;
  #isRead = false;

  constructor(options: WebhookCaOptions) {
    const { client, type, name, log } = options;
    this.#options = options;
    this.#caBundle = Buffer.from(options.caPem).toString('base64');
    this.#queue = new WorkQueue({ name: 'webhook-ca', log, process: () => this.#repair() });
    const handler = {
      apply: (configuration: WebhookConfiguration) => this.#see(configuration),
      remove: () => this.#see(undefined),
    };
    const fieldSelector = `metadata.name=${name}`;
    this.#reflector = new Reflector({ client, log, type, fieldSelector, handler });
  }

  /** False while the API server could not reach the webhooks although they are configured. */
  get isSet(): boolean {
    if (!this.#isRead) return false;
    return this.#configuration === undefined || webhooksWithout(this.#configuration, this.#caBundle).length === 0;
  }

  start(): void {
    void this.#reflector.synced.then(() => {
      this.#isRead = true;
    });
    this.#reflector.start();
  }

  async close(): Promise<void> {
    await Promise.all([this.#reflector.stop(), this.#queue.close()]);
  }

  #see(configuration: WebhookConfiguration | undefined): void {
    this.#configuration = configuration;
    if (configuration) this.#queue.add(configuration.metadata.name);
    else this.#options.log.warn(this.#named(), 'this webhook configuration is gone: the operator is not asked');
  }

  async #repair(): Promise<boolean> {
    const configuration = this.#configuration;
    if (!configuration || webhooksWithout(configuration, this.#caBundle).length === 0) return false;
    await applyCa(this.#options, configuration, this.#caBundle);
    this.#options.log.info(this.#named(), 'set the CA of the webhook configuration');
    return true;
  }

  #named() {
    const { name, type } = this.#options;
    return { webhook: name, kind: type.kind };
  }
}

/** Every webhook of the object is named, since leaving one out would take our field away from it. */
async function applyCa(
  { client, type }: WebhookCaOptions,
  configuration: WebhookConfiguration,
  caBundle: string,
): Promise<void> {
  const webhooks = configuration.webhooks?.map(({ name }) => ({ name, clientConfig: { caBundle } }));
  await client.apply(type, { name: configuration.metadata.name }, { webhooks });
}
