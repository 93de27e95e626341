/** The wire of an API of which only the path, the model and the usage are known: all else of a request and its answer stays as it came. */
import type { ProviderFailure } from '#sidecar/canonical/failure';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Usage } from '#sidecar/canonical/usage';
import type { VerbatimOperation, VerbatimRequest } from '#sidecar/canonical/verbatim-request';
import { asString } from './read-field.ts';
import type { PassthroughChanges, WireOf } from './wire.ts';

/** Those whose answers have no canonical form. */
type UnreadOperation = Exclude<VerbatimOperation, 'text_completion' | 'count_tokens'>;

export type VerbatimWire = WireOf<UnreadOperation>;

export interface VerbatimOptions {
  readonly id: string;
  readonly operation: UnreadOperation;
  readonly name: string;
  readonly path: string;
  readonly passesBytes?: true;
  /** undefined where the answer does not say. */
  readUsage(body: JsonObject): Usage | undefined;
  mapError(status: number, headers: Readonly<Record<string, string>>, body: JsonValue | undefined): ProviderFailure;
}

/** How such a request is written for a target, in either lane. */
export const modelReplaced = {
  ownClientsOnly: true as const,
  encodeRequest: ({ body }: VerbatimRequest, model: string): JsonObject => ({ ...body, model }),
  passthroughEdits: (_body: JsonObject, { model }: PassthroughChanges): Record<string, JsonValue> => ({ model }),
};

export const verbatimWire = ({ path, readUsage, ...options }: VerbatimOptions): VerbatimWire => ({
  ...options,
  path: () => path,
  ...modelReplaced,
  decodeResponse(body) {
    const usage = readUsage(body);
    return { model: asString(body.model) ?? '', ...(usage !== undefined && { usage }) };
  },
  forwardedHeaders: [],
});
