/** Answers to bytes that never became a request: what they are told, written on the socket, since Node has no response object for them. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RemoraError } from '#sidecar/errors/remora-error';

interface Fault {
  readonly code: 'invalid_request' | 'request_timeout' | 'method_not_allowed';
  readonly status: number;
  readonly message: string;
}

const MALFORMED: Fault = {
  code: 'invalid_request',
  status: 400,
  message: 'The request is not well-formed HTTP/1.1. Send plain HTTP/1.1; this port speaks neither TLS nor HTTP/2.',
};

const BY_PARSER_CODE: Readonly<Record<string, Fault>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'invalid_request',
    status: 431,
    message: 'The request headers are too large. Send fewer or shorter ones.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    code: 'invalid_request',
    status: 413,
    message: 'The chunk extensions are too large. Send chunks without extensions.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'request_timeout',
    status: 408,
    message: 'The request did not arrive in time. Send head and body without long pauses.',
  },
};

/** What is wrong with the bytes, by the parser's code. */
export const parserError = (code: string | undefined): RemoraError =>
  new RemoraError(BY_PARSER_CODE[code ?? ''] ?? MALFORMED);

export const connectNotServed = (): RemoraError =>
  new RemoraError({
    code: 'method_not_allowed',
    message: 'CONNECT is not served. Use this address as the base URL of the client, not as its proxy.',
    headers: { allow: 'POST, GET' },
  });

interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Ends the connection with it: what follows such bytes cannot be understood. */
export function writeBareAnswer(socket: Duplex, { status, headers, body }: WholeAnswer): void {
  const framing = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    ...Object.entries(framing).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
