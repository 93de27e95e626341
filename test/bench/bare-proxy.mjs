// The yardstick: bare node:http and undici dispatch that parse and re-write the JSON of both bodies, and do nothing else.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const upstream = new Pool(process.argv[2], { connections: 256, allowH2: false });

class Exchange {
  constructor(response, stream) {
    this.response = response;
    this.stream = stream;
    this.chunks = [];
  }
  onRequestStart() {}
  onResponseStart(controller, statusCode, headers) {
    this.controller = controller;
    this.status = statusCode;
    this.type = headers['content-type'];
    if (this.stream) this.response.writeHead(statusCode, { 'content-type': this.type });
  }
  onResponseData(_controller, chunk) {
    if (this.stream) this.response.write(chunk);
    else this.chunks.push(chunk);
  }
  onResponseEnd() {
    if (this.stream) return this.response.end();
    const text = JSON.stringify(JSON.parse(Buffer.concat(this.chunks).toString()));
    this.response.writeHead(this.status, { 'content-type': this.type, 'content-length': Buffer.byteLength(text) });
    this.response.end(text);
  }
  onResponseError(_controller, error) {
    this.response.destroy(error);
  }
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString());
    body.model = 'gpt-4o-mini';
    upstream.dispatch(
      {
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
        body: JSON.stringify(body),
      },
      new Exchange(response, body.stream === true),
    );
  });
});
server.listen(Number(process.argv[3]), '127.0.0.1');
