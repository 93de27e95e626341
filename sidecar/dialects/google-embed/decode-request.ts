/** The requests of Google's methods of embedding → canonical request. */
import type { EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { invalid, optionalString, requiredArray, requiredObject } from '#sidecar/dialects/field';
import { fieldsOf, optionalFields } from '#sidecar/dialects/gemini-generate-content/proto-names';
import type { PathValues } from '#sidecar/dialects/path-pattern';
import { embeddingsRequest, type Item } from './embeddings-request.ts';

/** Throws `invalid_request`. */
export const decodeEmbedContent = (body: JsonObject, { model }: PathValues): EmbeddingsRequest =>
  embeddingsRequest(model, [decodeItem(body, '')]);

/** Throws `invalid_request`. */
export const decodeBatch = (body: JsonObject, { model }: PathValues): EmbeddingsRequest =>
  embeddingsRequest(
    model,
    requiredArray(body.requests, 'requests').map((each, index) => {
      const path = `requests[${index}]`;
      return decodeItem(requiredObject(each, path), `${path}.`);
    }),
  );

/** The model stands in the path; the body of each request of a batch names it once more. Settings stand beside the content or, at Vertex AI, in an object of their own. */
function decodeItem(value: JsonObject, path: string): Item {
  const { content, model: _, embedContentConfig, ...beside } = fieldsOf(value, path.slice(0, -1) || 'body');
  return {
    content: requiredObject(content, `${path}content`),
    path,
    settings: { ...beside, ...optionalFields(embedContentConfig, `${path}embedContentConfig`) },
  };
}

/** Throws `invalid_request`. */
export function decodePredict(body: JsonObject, { model }: PathValues): EmbeddingsRequest {
  const parameters = optionalFields(body.parameters, 'parameters') ?? {};
  const instances = requiredArray(body.instances, 'instances');
  if (instances.length === 0) throw invalid('instances', 'a list of at least one instance');
  return embeddingsRequest(
    model,
    instances.map((instance, index) => {
      const path = `instances[${index}].`;
      const { content, ...settings } = fieldsOf(instance, path.slice(0, -1));
      const text = optionalString(content, `${path}content`);
      if (text === undefined) throw invalid(`${path}content`, 'a text');
      return { content: { parts: [{ text }] }, path, settings: { ...settings, ...parameters } };
    }),
  );
}
