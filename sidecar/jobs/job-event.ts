/** What is posted of a finished job: an event in the form that Standard Webhooks advises, so that the signature covers status and headers too. */
import { isUtf8 } from 'node:buffer';

export interface JobEnd {
  readonly id: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The same bytes however often it is made. A body that is JSON stands in it as it is, to the byte; any other in Base64. */
export function jobEvent({ id, atMs, status, headers, body }: JobEnd): Uint8Array {
  const type = status < 300 ? 'job.completed' : 'job.failed';
  const data = JSON.stringify({ id, status, headers });
  const opening = `{"type":"${type}","timestamp":"${new Date(atMs).toISOString()}","data":${data.slice(0, -1)},`;
  const [name, text] = isJson(body)
    ? ['body', body]
    : ['body_base64', Buffer.from(JSON.stringify(Buffer.from(body).toString('base64')))];
  return Buffer.concat([Buffer.from(`${opening}"${name}":`), text, Buffer.from('}}')]);
}

function isJson(body: Uint8Array): boolean {
  try {
    return isUtf8(body) && JSON.parse(Buffer.from(body).toString('utf8')) !== undefined;
  } catch {
    return false;
  }
}
