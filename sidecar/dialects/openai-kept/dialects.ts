/** What OpenAI's accounts keep, as clients ask for it: files, batches, stored responses and conversations, one row per endpoint. */
import type { OfSidecar } from '#sidecar/canonical/kept-request';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { invalid, requiredString } from '#sidecar/dialects/field';
import { type KeptApi, type KeptBody, type KeptEndpoint, keptDialect } from '#sidecar/dialects/kept-dialect';
import { renderError } from '#sidecar/dialects/openai-chat/render-error';
import { isIdMadeHere } from '#sidecar/dialects/openai-responses/item-id';
import { readBatchLines } from './batch-lines.ts';

/** As all of OpenAI's are. Written in any other way it could be `batch` to a more lenient reader. */
const PURPOSE = /^[a-z][a-z_-]*$/;

const readUpload: NonNullable<KeptEndpoint['read']> = ({ purpose }, beside): KeptBody => {
  const bytes = beside.file('file');
  if (bytes === undefined) throw invalid('file', 'a file of the form');
  const stated = requiredString(purpose, 'purpose');
  if (!PURPOSE.test(stated)) throw invalid('purpose', 'a word in lower case, such as batch');
  const isBatch = stated === 'batch';
  if (!isBatch) return { file: { lines: undefined } };
  const { lines, later } = readBatchLines(bytes);
  return { file: { lines }, later };
};

const FILES: readonly KeptEndpoint[] = [
  { operation: 'file_upload', path: '/files', content: 'form', readKeys: ['file', 'purpose'], read: readUpload },
  { operation: 'kept_object', method: 'GET', path: '/files' },
  { operation: 'kept_object', method: 'GET', path: '/files/{id}' },
  { operation: 'kept_object', method: 'DELETE', path: '/files/{id}' },
  { operation: 'kept_content', method: 'GET', path: '/files/{id}/content', answersBytes: true },
];

const BATCHES: readonly KeptEndpoint[] = [
  {
    operation: 'batch_creation',
    path: '/batches',
    content: 'json',
    readKeys: ['input_file_id', 'endpoint', 'completion_window'],
    read: (body) => ({ names: [requiredString(body.input_file_id, 'input_file_id')] }),
  },
  { operation: 'batch', method: 'GET', path: '/batches' },
  { operation: 'batch', method: 'GET', path: '/batches/{id}' },
  { operation: 'batch', path: '/batches/{id}/cancel' },
];

/** Of a response that no service stores. Its events are not remembered, and nothing of it goes on that could be cancelled. */
const ofSidecar =
  (action: OfSidecar['action']) =>
  (id: string, query: URLSearchParams): OfSidecar | undefined => {
    if (!isIdMadeHere(id)) return undefined;
    if (action === 'forget') return { id, action, answer: { id, object: 'response', deleted: true } };
    return { id, action: query.get('stream') === 'true' ? 'refuse' : action };
  };

const RESPONSES: readonly KeptEndpoint[] = [
  { operation: 'kept_content', method: 'GET', path: '/responses/{id}', ofSidecar: ofSidecar('tell') },
  { operation: 'kept_object', method: 'DELETE', path: '/responses/{id}', ofSidecar: ofSidecar('forget') },
  { operation: 'kept_content', path: '/responses/{id}/cancel', ofSidecar: ofSidecar('refuse') },
  { operation: 'kept_content', method: 'GET', path: '/responses/{id}/input_items', ofSidecar: ofSidecar('refuse') },
];

const CONVERSATIONS: readonly KeptEndpoint[] = [
  { operation: 'kept_object', path: '/conversations', content: 'json' },
  { operation: 'kept_object', method: 'GET', path: '/conversations/{id}' },
  { operation: 'kept_object', path: '/conversations/{id}', content: 'json' },
  { operation: 'kept_object', method: 'DELETE', path: '/conversations/{id}' },
  { operation: 'kept_object', path: '/conversations/{id}/items', content: 'json' },
  { operation: 'kept_content', method: 'GET', path: '/conversations/{id}/items' },
  { operation: 'kept_content', method: 'GET', path: '/conversations/{id}/items/{item}' },
  { operation: 'kept_object', method: 'DELETE', path: '/conversations/{id}/items/{item}' },
];

const PREFIXES = ['/v1', '', '/v1/v1', '/openai/v1'];

const served = (id: string, endpoints: readonly KeptEndpoint[]): readonly AnyDialect[] => {
  const api: KeptApi = { id, prefixes: PREFIXES, renderError };
  return endpoints.map((endpoint) => keptDialect(api, endpoint));
};

export const openaiKept: readonly AnyDialect[] = [
  ...served('openai-files', FILES),
  ...served('openai-batches', BATCHES),
  ...served('openai-stored-responses', RESPONSES),
  ...served('openai-conversations', CONVERSATIONS),
];
