/** Rerank as Cohere and Jina defined it and their clients speak it: a query and documents to an order of the documents. */
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { renderError } from '#sidecar/dialects/openai-chat/render-error';
import { verbatimDialect } from '#sidecar/dialects/verbatim-dialect';

export const rerank: AnyDialect = verbatimDialect({
  id: 'rerank',
  operation: 'rerank',
  paths: ['/v1/rerank', '/v2/rerank', '/rerank', '/v1/v1/rerank'],
  besideAnswer: ['user'],
  renderError,
});
