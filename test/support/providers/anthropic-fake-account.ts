/** What an account of Anthropic keeps, as the public API tells it; the shapes are held against the official client's own types. */
import type { MessageBatch } from '@anthropic-ai/sdk/resources/messages/batches';
import { type AccountPaths, type AccountRequest, answerAt } from './account-paths.ts';
import { formOf } from './openai-fake-operations.ts';
import type { FakeAccount, KeptAnswer } from './script.ts';

const NOW = '2026-11-21T12:00:00Z';

const missing = (id: string): KeptAnswer => ({ status: 404, message: `Not found: ${id}` });

interface Entry {
  readonly custom_id: string;
  readonly params: { readonly model: string };
}

class Account {
  readonly #name: string;
  readonly #batches = new Map<string, { readonly batch: MessageBatch; readonly entries: readonly Entry[] }>();
  readonly #files = new Map<string, object>();
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Is worked off at once, and told to be under way until somebody asks. */
  createBatch(entries: readonly Entry[]): KeptAnswer {
    this.#count += 1;
    const id = `msgbatch_fake${this.#name}${this.#count}`;
    const done = { processing: 0, succeeded: entries.length, errored: 0, canceled: 0, expired: 0 };
    const batch = {
      ...{ id, type: 'message_batch', processing_status: 'ended', request_counts: done },
      ...{ created_at: NOW, expires_at: NOW, ended_at: NOW, archived_at: null, cancel_initiated_at: null },
      results_url: `https://api.anthropic.com/v1/messages/batches/${id}/results`,
    } as const satisfies MessageBatch;
    this.#batches.set(id, { batch, entries });
    const begun = { ...done, processing: entries.length, succeeded: 0 };
    return {
      body: { ...batch, processing_status: 'in_progress', request_counts: begun, ended_at: null, results_url: null },
    };
  }

  batch(id: string): KeptAnswer {
    const stored = this.#batches.get(id);
    return stored === undefined ? missing(id) : { body: stored.batch };
  }

  batches(): KeptAnswer {
    return { body: { data: [...this.#batches.values()].map(({ batch }) => batch), has_more: false } };
  }

  results(id: string): KeptAnswer {
    const stored = this.#batches.get(id);
    if (stored === undefined) return missing(id);
    const lines = stored.entries.map(({ custom_id, params: { model } }) => {
      const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: 'end_turn' };
      return JSON.stringify({ custom_id, result: { type: 'succeeded', message } });
    });
    return { type: 'application/x-jsonl', body: [Buffer.from(`${lines.join('\n')}\n`)] };
  }

  async upload(request: AccountRequest): Promise<KeptAnswer> {
    const file = (await formOf(request)).get('file');
    if (!(file instanceof File)) return { status: 400, message: 'file is required' };
    this.#count += 1;
    const id = `file_fake${this.#name}${this.#count}`;
    const metadata = { id, type: 'file', filename: file.name, mime_type: file.type, size_bytes: file.size };
    const kept = { ...metadata, created_at: NOW, downloadable: false };
    this.#files.set(id, kept);
    return { body: kept };
  }

  file(id: string): KeptAnswer {
    const file = this.#files.get(id);
    return file === undefined ? missing(id) : { body: file };
  }

  files(): KeptAnswer {
    return { body: { data: [...this.#files.values()], has_more: false, first_id: null, last_id: null } };
  }
}

const PATHS: AccountPaths<Account> = [
  [
    'POST',
    /^\/v1\/messages\/batches$/,
    (account, { body }) => account.createBatch((body?.requests ?? []) as readonly Entry[]),
  ],
  ['GET', /^\/v1\/messages\/batches$/, (account) => account.batches()],
  ['GET', /^\/v1\/messages\/batches\/([^/]+)$/, (account, _, id) => account.batch(id)],
  ['POST', /^\/v1\/messages\/batches\/([^/]+)\/cancel$/, (account, _, id) => account.batch(id)],
  ['GET', /^\/v1\/messages\/batches\/([^/]+)\/results$/, (account, _, id) => account.results(id)],
  ['POST', /^\/v1\/files$/, (account, request) => account.upload(request)],
  ['GET', /^\/v1\/files$/, (account) => account.files()],
  ['GET', /^\/v1\/files\/([^/]+)$/, (account, _, id) => account.file(id)],
];

export function anthropicFakeAccount(name: string): FakeAccount {
  const account = new Account(name);
  return {
    answer: answerAt(PATHS, account),
  };
}
