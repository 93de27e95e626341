/**
 * An app that has always `STREAMS` streams open, by the official `openai` package. It is ready when all have begun. At SIGTERM it begins
 * no more, lets those end that it has, tells `TELL` (a URL) how all of them ended, and exits.
 */
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import OpenAI from 'openai';

const STREAMS = Number(process.env.STREAMS ?? 1);
const TELL = process.env.TELL ?? '';
/** Sixteen words, which the provider says back one by one. */
const PROMPT = Array.from({ length: 16 }, (_, word) => `word-${word}`).join(' ');
/** An app whose streams all fail tells so instead of asking for ever. */
const MOST_FAILURES = 100;

const client = new OpenAI({ maxRetries: 0, timeout: 60_000 });
const told = { pod: hostname(), whole: 0, openAtSignal: 0, failures: [] as string[] };
let open = 0;
let isStopping = false;

async function oneStream(): Promise<void> {
  const messages = [{ role: 'user' as const, content: PROMPT }];
  const stream = await client.chat.completions.create({ model: 'chat', messages, stream: true });
  open += 1;
  try {
    let finish: string | null | undefined;
    for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
    if (finish !== 'stop') throw new Error('the stream ended without a finish reason');
    told.whole += 1;
  } finally {
    open -= 1;
  }
}

async function streamAfterStream(): Promise<void> {
  while (!isStopping && told.failures.length < MOST_FAILURES)
    await oneStream().catch((error: unknown) => void told.failures.push(String(error)));
}

async function main(): Promise<void> {
  const readiness = createServer((_, response) => {
    response.statusCode = open === STREAMS ? 200 : 503;
    response.end();
  });
  readiness.listen(8080);
  process.once('SIGTERM', () => {
    isStopping = true;
    told.openAtSignal = open;
  });
  await Promise.all(Array.from({ length: STREAMS }, streamAfterStream));
  await fetch(TELL, { method: 'POST', body: JSON.stringify(told) });
  process.exit(0);
}

void main();
