/** Answers to bytes that never became a request: written on the socket, since Node has no response object for them. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERROR_CODES, type ErrorCode } from '#contract/names/error-codes';

interface BareAnswer {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
}

const MALFORMED: BareAnswer = {
  code: 'invalid_request',
  status: 400,
  message: 'The request is not well-formed HTTP/1.1.',
};

const BY_PARSER_CODE: Readonly<Record<string, BareAnswer>> = {
  HPE_HEADER_OVERFLOW: { code: 'invalid_request', status: 431, message: 'The request headers are too large.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    code: 'invalid_request',
    status: 413,
    message: 'The chunk extensions are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', status: 408, message: 'The request did not arrive in time.' },
};

/** What is wrong with the bytes, by the parser's code. */
export const answerToParserError = (code: string | undefined): BareAnswer => BY_PARSER_CODE[code ?? ''] ?? MALFORMED;

export const METHOD_NOT_SERVED: BareAnswer = {
  code: 'method_not_allowed',
  status: 405,
  message: 'CONNECT is not served here.',
};

export function writeBareAnswer(socket: Duplex, { code, status, message }: BareAnswer): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify({
    error: { message: `${message} ${ERROR_CODES[code].remedy}`, type: 'invalid_request_error', param: null, code },
  });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-should-retry: false',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
