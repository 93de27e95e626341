/**
 * A provider in a pod: OpenAI's chat completions as they are on the wire, plain and streamed. It names itself in every answer, wants
 * its own key, and costs the same each time. `FAIL_WITH` makes it answer that status instead; `PACE_MS` is the pause after each word of a
 * stream. Its log has a line for each stream that came to its end or was cut by its caller, and for what apps told at `/told`.
 */
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const NAME = process.env.PROVIDER_NAME ?? 'provider';
const KEY = process.env.PROVIDER_KEY ?? '';
const FAIL_WITH = Number(process.env.FAIL_WITH ?? 0);
const PACE_MS = Number(process.env.PACE_MS ?? 0);
const USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };

interface ChatBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly content: unknown }[];
}

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    if (request.url === '/health') response.end('ok');
    else if (request.url === '/told') response.end(tell({ told: JSON.parse(text) }));
    else if (request.headers.authorization !== `Bearer ${KEY}`) fail(response, 401, 'Incorrect API key provided.');
    else if (FAIL_WITH > 0) fail(response, FAIL_WITH, 'The server is overloaded.');
    else void answer(response, JSON.parse(text) as ChatBody);
  });
});

function fail(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'server_error', param: null, code: null } }));
}

function tell(line: object): string {
  console.log(JSON.stringify(line));
  return 'ok';
}

async function answer(response: ServerResponse, body: ChatBody): Promise<void> {
  const words = [`from ${NAME}:`, ...String(body.messages.at(-1)?.content).split(' ')];
  const head = { id: 'chatcmpl-1', created: 1_700_000_000, model: body.model };
  if (body.stream !== true) {
    const message = { role: 'assistant', content: words.join(' '), refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...head, object: 'chat.completion', choices, usage: USAGE }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.on('close', () => void tell({ stream: response.writableFinished ? 'whole' : 'cut' }));
  const send = (chunk: object) =>
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...chunk })}\n\n`);
  const choice = (delta: object, finish_reason: string | null) => ({ choices: [{ index: 0, delta, finish_reason }] });
  send(choice({ role: 'assistant', content: '' }, null));
  for (const [index, word] of words.entries()) {
    send(choice({ content: index === 0 ? word : ` ${word}` }, null));
    if (PACE_MS > 0) await pause(PACE_MS);
  }
  send(choice({}, 'stop'));
  send({ choices: [], usage: USAGE });
  response.end('data: [DONE]\n\n');
}

server.listen(Number(process.env.PORT ?? 8080));
process.on('SIGTERM', () => process.exit(0));
