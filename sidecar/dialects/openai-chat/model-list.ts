/** The answer to `GET /v1/models` in OpenAI's shape. */
import type { JsonObject } from '#sidecar/canonical/json';

/** Paths it is served on. All GET. */
export const MODEL_LIST_PATHS: readonly string[] = ['/v1/models', '/models', '/v1/v1/models'];

/** `names` are the logical models that this workload may ask for. */
export const encodeModelList = (names: readonly string[]): JsonObject => ({
  object: 'list',
  data: names.map((name) => ({ id: name, object: 'model', created: 0, owned_by: 'remora' })),
});
