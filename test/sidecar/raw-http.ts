/** HTTP/1.1 as bytes, for what no client library would send, and whole answers as text. */
import { connect, type Socket } from 'node:net';

/** Sends the bytes on one connection and returns all that comes until the peer closes. */
export function rawExchange(port: number, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      received += text;
    });
    socket.on('close', () => resolve(received));
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)));
    for (const piece of pieces) socket.write(piece);
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    ),
    body: rest.join('\r\n\r\n'),
  };
}

/** Sends the bytes and leaves once the answer is whole, since a request that stays half keeps its connection for a while. */
export async function rawAnswer(port: number, bytes: string): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.write(bytes);
  let received = '';
  for await (const text of socket) {
    received += text;
    const { headers, body } = parseAnswer(received);
    if (Buffer.byteLength(body) === Number(headers['content-length'])) break;
  }
  return parseAnswer(received);
}

/** A chat request as one block of bytes. */
export function chatBytes(
  body: string,
  headers: readonly string[] = ['host: remora'],
  target = '/v1/chat/completions',
) {
  const lines = [`POST ${target} HTTP/1.1`, ...headers, 'content-type: application/json'];
  return `${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

export const CHAT = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Say hello.' }] });
export const STREAMED_CHAT = JSON.stringify({ ...JSON.parse(CHAT), stream: true });

/** One request over fetch; the body as text. */
export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/v1/chat/completions',
) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));
