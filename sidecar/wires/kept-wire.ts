/** The wire of an API for what accounts keep: a request goes to the path that the client named, and only ids and usage are read of its answer. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { KeptOperation, KeptRequest, KeptResponse } from '#sidecar/canonical/kept-request';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asObjects, asString } from './read-field.ts';
import type { AnyWire, WireOf } from './wire.ts';

export type KeptWire = WireOf<KeptOperation>;

export interface KeptWireOptions extends Pick<AnyWire, 'id' | 'name' | 'forwardedHeaders' | 'mapError'> {
  /** What precedes the paths under the AIProvider's endpoint. */
  readonly prefix: string;
  /** Of a batch that has ended; undefined where the object does not say. */
  readonly readUsage?: (body: JsonObject) => Usage | undefined;
}

/** A list may name thousands; a client goes on with those that it saw first. */
const MOST_NAMES = 128;
const ID_KEYS = ['id', 'input_file_id', 'output_file_id', 'error_file_id'];

export const keptWire = ({ prefix, readUsage, ...options }: KeptWireOptions): KeptWire => ({
  ...options,
  // Of all of them; only the client's own API is asked for, by its id.
  operation: 'kept_object',
  path: (_model, _stream, request) => prefix + (request?.path ?? ''),
  encodeRequest: ({ body }: KeptRequest) => body,
  decodeResponse(body): KeptResponse {
    const usage = readUsage?.(body);
    const objects = [body, ...asObjects(body.data).slice(0, MOST_NAMES)];
    return {
      model: '',
      keptIds: objects.flatMap(idsOf).slice(0, MOST_NAMES),
      body,
      usage: usage ?? NO_USAGE,
      ...(usage !== undefined && { countedOnceAs: `${options.id} ${asString(body.id) ?? ''}` }),
    };
  },
  passesBytes: true,
  keepsAnswers: true,
});

const idsOf = (object: JsonObject): string[] => ID_KEYS.flatMap((key) => asString(object[key]) ?? []);
