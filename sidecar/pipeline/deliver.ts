/** Writes the answer to the client at the client's pace, and keeps a quiet stream alive. */
import type { StreamItem } from './attempts/lanes/lane.ts';
import type { Call } from './call.ts';
import type { Outgoing } from './encode.ts';
import type { RequestRecorder } from './request-recorder.ts';
import { ClientGone } from './scope/request-scope.ts';

/** Silence after which a comment is sent, below the idle limit of common intermediaries. */
const HEARTBEAT_MS = 15_000;

/** A promise only where the answer is a stream. */
export function deliver(outgoing: Outgoing, call: Call, log: RequestRecorder): Promise<void> | undefined {
  log.status = 200;
  if (outgoing.kind === 'stream') return deliverStream(outgoing, call, log);
  log.firstChunk();
  const { headers, body } = outgoing;
  call.reply.whole(200, headers, body instanceof Uint8Array ? body : JSON.stringify(body));
  return undefined;
}

type OutgoingStream = Extract<Outgoing, { kind: 'stream' }>;

async function deliverStream(outgoing: OutgoingStream, call: Call, log: RequestRecorder): Promise<void> {
  call.reply.start(200, outgoing.headers);
  // A head leaves with the first bytes of its body.
  if (outgoing.isEarly && outgoing.heartbeat !== undefined) call.reply.write(outgoing.heartbeat);
  const { deadlines } = call.scope;
  let heartbeat = deadlines.in(HEARTBEAT_MS, beat);
  function beat(): void {
    heartbeat = deadlines.in(HEARTBEAT_MS, beat);
    // A client that does not read gets no more: its stall is judged where the write waits.
    if (outgoing.heartbeat !== undefined) call.reply.write(outgoing.heartbeat);
  }
  try {
    for (let items = await outgoing.source.read(); items !== null; items = await outgoing.source.read()) {
      deadlines.postpone(heartbeat, HEARTBEAT_MS);
      if (!writeItems(items, outgoing, call)) await drained(call);
      log.firstChunk();
    }
    // Nobody reads the end any more: what was used is known, and that is all.
    if (call.scope.goesOn) call.scope.throwIfCancelled();
    call.reply.end();
  } finally {
    deadlines.cancel(heartbeat);
  }
}

/** Throws ClientGone, unless the stream goes on without its client. */
async function drained({ reply, scope }: Call): Promise<void> {
  if (scope.goesOn) return;
  try {
    await reply.drained();
  } catch (thrown) {
    if (thrown instanceof ClientGone) scope.cancel(thrown);
    if (!scope.goesOn) throw thrown;
  }
}

/** False when the client should be waited for. One write per batch, so that what came together leaves together. */
function writeItems(items: readonly StreamItem[], { encode }: OutgoingStream, { reply }: Call): boolean {
  const [only] = items;
  if (items.length === 1 && only !== undefined) return write(encode(only), reply);
  return write(
    Buffer.concat(
      items.map((item) => {
        const encoded = encode(item);
        return typeof encoded === 'string' ? Buffer.from(encoded) : encoded;
      }),
    ),
    reply,
  );
}

const write = (chunk: Uint8Array | string, reply: Call['reply']): boolean => chunk.length === 0 || reply.write(chunk);
