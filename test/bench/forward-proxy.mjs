// The floor: bare node:http and undici dispatch that forward the bytes of both bodies unread. No proxy on these two can cost less.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const upstream = new Pool(process.argv[2], { connections: 256, allowH2: false });

class Exchange {
  constructor(response) {
    this.response = response;
  }
  onRequestStart() {}
  onResponseStart(_controller, statusCode, headers) {
    const head = { 'content-type': headers['content-type'] };
    if (headers['content-length'] !== undefined) head['content-length'] = headers['content-length'];
    this.response.writeHead(statusCode, head);
  }
  onResponseData(_controller, chunk) {
    this.response.write(chunk);
  }
  onResponseEnd() {
    this.response.end();
  }
  onResponseError(_controller, error) {
    this.response.destroy(error);
  }
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    upstream.dispatch(
      {
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
        body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks),
      },
      new Exchange(response),
    );
  });
});
server.listen(Number(process.argv[3]), '127.0.0.1');
