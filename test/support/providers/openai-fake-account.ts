/** What an account of OpenAI keeps, as the public API tells it; the shapes are held against the official client's own types. */
import type { Batch, FileDeleted, FileObject } from 'openai/resources';
import type { Conversation } from 'openai/resources/conversations';
import { type AccountPaths, type AccountRequest, answerAt } from './account-paths.ts';
import { formOf } from './openai-fake-operations.ts';
import type { FakeAccount, KeptAnswer } from './script.ts';

const CREATED = 1_790_000_000;
const TOKENS_OF_A_CALL = 10;

type Members = { readonly [key: string]: unknown };

interface Stored {
  readonly file: FileObject;
  readonly bytes: Uint8Array;
}

interface StoredResponse {
  readonly id: string;
  readonly body: Members;
}

/** In the words of the API. */
const missing = (what: string, id: string): KeptAnswer => ({
  status: 404,
  code: 'not_found',
  message: `No such ${what}: ${id}`,
});

class Account {
  readonly #name: string;
  readonly #files = new Map<string, Stored>();
  readonly #batches = new Map<string, Batch>();
  readonly #conversations = new Map<string, Conversation>();
  readonly #responses = new Map<string, StoredResponse>();
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  keep(response: StoredResponse): void {
    this.#responses.set(response.id, response);
  }

  hasResponse(id: string): boolean {
    return this.#responses.has(id);
  }

  async upload(request: AccountRequest): Promise<KeptAnswer> {
    const form = await formOf(request);
    const file = form.get('file');
    if (!(file instanceof File)) return { status: 400, message: 'file is required' };
    const bytes = new Uint8Array(await file.arrayBuffer());
    return { body: this.#store(bytes, file.name, String(form.get('purpose')) as FileObject['purpose']) };
  }

  #store(bytes: Uint8Array, filename: string, purpose: FileObject['purpose']): FileObject {
    const id = this.#id('file-');
    const file = {
      ...{ id, object: 'file', bytes: bytes.length, created_at: CREATED, filename, purpose, status: 'processed' },
    } as const satisfies FileObject;
    this.#files.set(id, { file, bytes });
    return file;
  }

  files(): KeptAnswer {
    const data = [...this.#files.values()].map(({ file }) => file);
    return { body: { object: 'list', data, first_id: data[0]?.id, last_id: data.at(-1)?.id, has_more: false } };
  }

  file(id: string): KeptAnswer {
    const stored = this.#files.get(id);
    return stored === undefined ? missing('File object', id) : { body: stored.file };
  }

  content(id: string): KeptAnswer {
    const stored = this.#files.get(id);
    return stored === undefined
      ? missing('File object', id)
      : { type: 'application/octet-stream', body: [stored.bytes] };
  }

  deleteFile(id: string): KeptAnswer {
    if (!this.#files.delete(id)) return missing('File object', id);
    return { body: { id, object: 'file', deleted: true } satisfies FileDeleted };
  }

  /** Is worked off at once, and told to be under way until somebody asks. */
  createBatch(body: Members): KeptAnswer {
    const input = this.#files.get(String(body.input_file_id));
    if (input?.file.purpose !== 'batch') return missing('File object', String(body.input_file_id));
    const lines = Buffer.from(input.bytes).toString().trim().split('\n');
    const id = this.#id('batch_');
    const results = lines.map((line) => JSON.stringify(resultOf(JSON.parse(line))));
    const output = this.#store(Buffer.from(`${results.join('\n')}\n`), 'output.jsonl', 'batch_output');
    const batch = {
      ...{ id, object: 'batch', endpoint: String(body.endpoint), input_file_id: input.file.id, status: 'validating' },
      ...{ completion_window: '24h', created_at: CREATED, metadata: null },
    } as const satisfies Batch;
    const done = lines.length * TOKENS_OF_A_CALL;
    this.#batches.set(id, {
      ...batch,
      status: 'completed',
      output_file_id: output.id,
      request_counts: { total: lines.length, completed: lines.length, failed: 0 },
      usage: {
        input_tokens: done,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: done,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 2 * done,
      },
    });
    return { body: batch };
  }

  batches(): KeptAnswer {
    return { body: { object: 'list', data: [...this.#batches.values()], has_more: false } };
  }

  batch(id: string): KeptAnswer {
    const batch = this.#batches.get(id);
    return batch === undefined ? missing('Batch', id) : { body: batch };
  }

  cancelBatch(id: string): KeptAnswer {
    const batch = this.#batches.get(id);
    if (batch === undefined) return missing('Batch', id);
    const cancelled: Batch = { ...batch, status: 'cancelling' };
    this.#batches.set(id, cancelled);
    return { body: cancelled };
  }

  createConversation(): KeptAnswer {
    const id = this.#id('conv_');
    const conversation = {
      id,
      object: 'conversation',
      created_at: CREATED,
      metadata: {},
    } as const satisfies Conversation;
    this.#conversations.set(id, conversation);
    return { body: conversation };
  }

  conversation(id: string): KeptAnswer {
    const body = this.#conversations.get(id);
    return body === undefined ? missing('Conversation', id) : { body };
  }

  hasConversation(id: string): boolean {
    return this.#conversations.has(id);
  }

  response(id: string): KeptAnswer {
    const stored = this.#responses.get(id);
    return stored === undefined ? missingResponse(id) : { body: objectOf(stored, 'completed') };
  }

  cancelResponse(id: string): KeptAnswer {
    const stored = this.#responses.get(id);
    return stored === undefined ? missingResponse(id) : { body: objectOf(stored, 'cancelled') };
  }

  deleteResponse(id: string): KeptAnswer {
    if (!this.#responses.delete(id)) return missingResponse(id);
    return { body: { id, object: 'response', deleted: true } };
  }

  inputItems(id: string): KeptAnswer {
    const stored = this.#responses.get(id);
    if (stored === undefined) return missingResponse(id);
    const text = String(stored.body.input);
    const item = { id: `msg_${id}`, type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
    return { body: { object: 'list', data: [item], first_id: item.id, last_id: item.id, has_more: false } };
  }

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}fake${this.#name}${this.#count}`;
  }
}

const missingResponse = (id: string): KeptAnswer => ({
  status: 404,
  code: 'not_found',
  message: `Response with id '${id}' not found.`,
});

const resultOf = (line: Members) => ({
  id: `batch_req_${line.custom_id}`,
  custom_id: line.custom_id,
  response: { status_code: 200, request_id: 'req_batch', body: { choices: [{ message: { content: 'Done.' } }] } },
  error: null,
});

const objectOf = ({ id, body }: StoredResponse, status: string) => ({
  ...{ id, object: 'response', created_at: CREATED, status, model: body.model, output: [], error: null },
  usage: { input_tokens: 5, output_tokens: 5, total_tokens: 10 },
});

const PATHS: AccountPaths<Account> = [
  ['POST', /^\/v1\/files$/, (account, request) => account.upload(request)],
  ['GET', /^\/v1\/files$/, (account) => account.files()],
  ['GET', /^\/v1\/files\/([^/]+)$/, (account, _, id) => account.file(id)],
  ['DELETE', /^\/v1\/files\/([^/]+)$/, (account, _, id) => account.deleteFile(id)],
  ['GET', /^\/v1\/files\/([^/]+)\/content$/, (account, _, id) => account.content(id)],
  ['POST', /^\/v1\/batches$/, (account, { body = {} }) => account.createBatch(body)],
  ['GET', /^\/v1\/batches$/, (account) => account.batches()],
  ['GET', /^\/v1\/batches\/([^/]+)$/, (account, _, id) => account.batch(id)],
  ['POST', /^\/v1\/batches\/([^/]+)\/cancel$/, (account, _, id) => account.cancelBatch(id)],
  ['POST', /^\/v1\/conversations$/, (account) => account.createConversation()],
  ['GET', /^\/v1\/conversations\/([^/]+)$/, (account, _, id) => account.conversation(id)],
  ['GET', /^\/v1\/responses\/([^/]+)$/, (account, _, id) => account.response(id)],
  ['DELETE', /^\/v1\/responses\/([^/]+)$/, (account, _, id) => account.deleteResponse(id)],
  ['POST', /^\/v1\/responses\/([^/]+)\/cancel$/, (account, _, id) => account.cancelResponse(id)],
  ['GET', /^\/v1\/responses\/([^/]+)\/input_items$/, (account, _, id) => account.inputItems(id)],
];

export function openaiFakeAccount(name: string): FakeAccount {
  const account = new Account(name);
  return {
    answer: answerAt(PATHS, account),
    refuse({ previous_response_id: id, conversation }) {
      if (typeof conversation === 'string' && !account.hasConversation(conversation))
        return missing('Conversation', conversation);
      if (typeof id !== 'string' || account.hasResponse(id)) return undefined;
      const message = `Previous response with id '${id}' not found.`;
      return { status: 400, code: 'previous_response_not_found', message };
    },
    answered(id, body) {
      if ('input' in body && body.store !== false) account.keep({ id: `resp_${id}`, body });
    },
  };
}
