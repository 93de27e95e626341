/**
 * An app that has always `STREAMS` streams open, by the official `openai` package. It opens one after the other, and is ready when it has
 * all of them. At SIGTERM it begins no more, lets those end that it has, tells `TELL` (a URL) how all of them ended, and exits.
 */
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI from 'openai';

const STREAMS = Number(process.env.STREAMS ?? 1);
const TELL = process.env.TELL ?? '';
/** Sixteen words, which the provider says back one by one. */
const PROMPT = Array.from({ length: 16 }, (_, word) => `word-${word}`).join(' ');
/** An app whose streams all fail tells so instead of asking for ever. */
const MOST_FAILURES = 100;
const TELL_AGAIN_MS = 250;

const client = new OpenAI({ maxRetries: 0, timeout: 60_000 });
const told = { pod: hostname(), whole: 0, openAtSignal: 0, failures: [] as string[] };
let open = 0;
let isStopping = false;

async function oneStream(begun: () => void): Promise<void> {
  const messages = [{ role: 'user' as const, content: PROMPT }];
  const stream = await client.chat.completions.create({ model: 'chat', messages, stream: true });
  open += 1;
  begun();
  try {
    let finish: string | null | undefined;
    for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
    if (finish !== 'stop') throw new Error('the stream ended without a finish reason');
    told.whole += 1;
  } finally {
    open -= 1;
  }
}

async function streamAfterStream(begun: () => void): Promise<void> {
  while (!isStopping && told.failures.length < MOST_FAILURES)
    await oneStream(begun).catch((error: unknown) => void told.failures.push(String(error)));
  begun();
}

async function streamsOneByOne(): Promise<void> {
  const running: Promise<void>[] = [];
  for (let count = 0; count < STREAMS && !isStopping; count += 1)
    await new Promise<void>((begun) => running.push(streamAfterStream(begun)));
  await Promise.all(running);
}

/** Until it is taken: who listens may be away for a moment. What is told twice has the same pod. */
async function tell(): Promise<void> {
  for (;;) {
    const answer = await fetch(TELL, { method: 'POST', body: JSON.stringify(told) }).catch(() => undefined);
    if (answer?.ok) return;
    await pause(TELL_AGAIN_MS);
  }
}

async function main(): Promise<void> {
  let isReady = false;
  const readiness = createServer((_, response) => {
    isReady ||= open === STREAMS;
    response.statusCode = isReady ? 200 : 503;
    response.end();
  });
  readiness.listen(Number(process.env.PORT ?? 8080));
  process.once('SIGTERM', () => {
    isStopping = true;
    told.openAtSignal = open;
  });
  await streamsOneByOne();
  await tell();
  process.exit(0);
}

void main();
