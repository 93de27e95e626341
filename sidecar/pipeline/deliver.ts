/** Writes the answer to the client at the client's pace, and keeps a quiet stream alive. */
import type { StreamItem } from './attempts/lanes/lane.ts';
import type { Call } from './call.ts';
import type { Outgoing } from './encode.ts';
import type { RequestRecorder } from './request-recorder.ts';

/** Silence after which a comment is sent, below the idle limit of common intermediaries. */
const HEARTBEAT_MS = 15_000;

export async function deliver(outgoing: Outgoing, call: Call, log: RequestRecorder): Promise<void> {
  log.status = 200;
  if (outgoing.kind === 'whole') {
    log.firstChunk();
    const { headers, body } = outgoing;
    return call.reply.whole(200, headers, body instanceof Uint8Array ? body : JSON.stringify(body));
  }
  call.reply.start(200, outgoing.headers);
  const { deadlines } = call.scope;
  let heartbeat = deadlines.in(HEARTBEAT_MS, beat);
  function beat(): void {
    heartbeat = deadlines.in(HEARTBEAT_MS, beat);
    // A client that does not read gets no more: its stall is judged where the write waits.
    if (outgoing.kind === 'stream' && outgoing.heartbeat !== undefined) call.reply.write(outgoing.heartbeat);
  }
  try {
    for (let items = await outgoing.source.read(); items !== null; items = await outgoing.source.read()) {
      deadlines.postpone(heartbeat, HEARTBEAT_MS);
      if (!writeItems(items, outgoing, call)) await call.reply.drained();
      log.firstChunk();
    }
    call.reply.end();
  } finally {
    deadlines.cancel(heartbeat);
  }
}

/** False when the client should be waited for. One write per batch, so that what came together leaves together. */
function writeItems(
  items: readonly StreamItem[],
  { encode }: Extract<Outgoing, { kind: 'stream' }>,
  { reply }: Call,
): boolean {
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
