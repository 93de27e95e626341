/** What OpenAI's accounts keep, one wire per API. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { Usage } from '#sidecar/canonical/usage';
import { type KeptWire, type KeptWireOptions, keptWire } from '#sidecar/wires/kept-wire';
import { mapError } from '#sidecar/wires/openai-chat/map-error';
import { readUsage } from '#sidecar/wires/openai-responses/read-usage';

type Row = Pick<KeptWireOptions, 'id' | 'readUsage'>;

const ROWS: readonly Row[] = [
  { id: 'openai-files' },
  { id: 'openai-batches', readUsage: batchUsage },
  { id: 'openai-stored-responses' },
  { id: 'openai-conversations' },
];

/** A batch tells what it has used so far; what counts is where it ended. */
const ENDED: ReadonlySet<unknown> = new Set(['completed', 'expired', 'cancelled', 'failed']);

/** In the words of a response, for whatever endpoint the batch asks. */
function batchUsage(body: JsonObject): Usage | undefined {
  return ENDED.has(body.status) ? readUsage(body) : undefined;
}

/** `name`: of the service, for messages to people. */
export const openaiKeptWires = (name: string): readonly KeptWire[] =>
  ROWS.map((row) => keptWire({ ...row, name, prefix: '', forwardedHeaders: ['openai-beta'], mapError }));
