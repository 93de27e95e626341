/** A client that asks for a stream and keeps what it got of it, whatever becomes of the connection. */
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { chatBytes, closed, STREAMED_CHAT } from './raw-http.ts';

export interface OpenStream {
  readonly text: () => string;
  /** Of the connection. */
  readonly failure: () => Error | undefined;
  /** Resolves when the connection is closed, for whatever reason. */
  readonly ended: Promise<void>;
  leave(): void;
}

export function openStream(t: TestContext, url: string, body = STREAMED_CHAT): OpenStream {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  t.after(() => void socket.destroy());
  let text = '';
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('data', (data) => {
    text += data;
  });
  socket.write(chatBytes(body));
  return { text: () => text, failure: () => failure, ended: closed(socket), leave: () => void socket.destroy() };
}

/** With all that only a whole answer has. */
export const isWhole = ({ text, failure }: OpenStream): boolean =>
  failure() === undefined && text().includes('data: [DONE]') && !text().includes('"error"');
