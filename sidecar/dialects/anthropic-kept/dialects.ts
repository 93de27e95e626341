/** What Anthropic's accounts keep, as clients ask for it: message batches and files, one row per endpoint. */

import type { JsonObject } from '#sidecar/canonical/json';
import { mapEach } from '#sidecar/canonical/walk';
import { renderError } from '#sidecar/dialects/anthropic-messages/render-error';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { invalid, requiredArray, requiredObject, requiredString } from '#sidecar/dialects/field';
import { type KeptBody, type KeptEndpoint, keptDialect } from '#sidecar/dialects/kept-dialect';
import { isJsonObject } from '#sidecar/json/body';

/** Written anew, since a key that stands twice further down could mean one model here and another one there. */
function readBatch({ requests }: JsonObject): KeptBody {
  const later = mapEach(requiredArray(requests, 'requests'), (entry, index) => {
    const place = `requests[${index}]`;
    const params = requiredObject(requiredObject(entry, place).params, `${place}.params`);
    return { model: requiredString(params.model, `${place}.params.model`), place };
  });
  return { later, mustRewrite: true };
}

/** Clients follow this link, which leads to Anthropic without a credential; as a path it leads to where they asked. */
const linkHere = (batch: JsonObject): JsonObject =>
  typeof batch.results_url === 'string' && typeof batch.id === 'string'
    ? { ...batch, results_url: `/v1/messages/batches/${encodeURIComponent(batch.id.toWellFormed())}/results` }
    : batch;

const linkAllHere = (list: JsonObject): JsonObject =>
  Array.isArray(list.data)
    ? { ...list, data: mapEach(list.data, (batch) => (isJsonObject(batch) ? linkHere(batch) : batch)) }
    : list;

const BATCHES: readonly KeptEndpoint[] = [
  {
    operation: 'batch_creation',
    path: '/messages/batches',
    content: 'json',
    readKeys: ['requests'],
    read: readBatch,
    rewrite: linkHere,
  },
  { operation: 'batch', method: 'GET', path: '/messages/batches', rewrite: linkAllHere },
  { operation: 'batch', method: 'GET', path: '/messages/batches/{id}', rewrite: linkHere },
  { operation: 'batch', method: 'DELETE', path: '/messages/batches/{id}' },
  { operation: 'batch', path: '/messages/batches/{id}/cancel', rewrite: linkHere },
  { operation: 'kept_content', method: 'GET', path: '/messages/batches/{id}/results', answersBytes: true },
];

const FILES: readonly KeptEndpoint[] = [
  {
    operation: 'file_upload',
    path: '/files',
    content: 'form',
    readKeys: ['file'],
    read: (_body, beside) => {
      if (beside.file('file') === undefined) throw invalid('file', 'a file of the form');
      return { file: { lines: undefined } };
    },
  },
  { operation: 'kept_object', method: 'GET', path: '/files' },
  { operation: 'kept_object', method: 'GET', path: '/files/{id}' },
  { operation: 'kept_object', method: 'DELETE', path: '/files/{id}' },
  { operation: 'kept_content', method: 'GET', path: '/files/{id}/content', answersBytes: true },
];

const API = { prefixes: ['/v1', '', '/v1/v1'], renderError, requestIdHeader: 'request-id' };

/** OpenAI has files on the same paths; every client of Anthropic states a version. */
const isAskedBy: AnyDialect['isAskedBy'] = (headers) => headers['anthropic-version'] !== undefined;

export const anthropicKept: readonly AnyDialect[] = [
  ...BATCHES.map((endpoint) => keptDialect({ ...API, id: 'anthropic-batches' }, endpoint)),
  ...FILES.map((endpoint) => keptDialect({ ...API, id: 'anthropic-files', isAskedBy }, endpoint)),
];
