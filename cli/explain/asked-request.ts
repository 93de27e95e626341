/** The request that is to be explained, from what was typed. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UserError } from '#cli/user-error';
import { REQUEST_HEADER } from '#contract/names/headers';

export interface AskedFlags {
  readonly model?: string | undefined;
  readonly prompt?: string | undefined;
  /** A file; `-`: standard input. */
  readonly body?: string | undefined;
  /** `name=value`. */
  readonly header: readonly string[];
  readonly path: string;
}

export interface AskedRequest {
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What stands for a request of which only the model is stated. */
const SOME_PROMPT = 'Hello';

/** Throws UserError when it is none. */
export async function askedRequest(flags: AskedFlags): Promise<AskedRequest> {
  if (!flags.path.startsWith('/')) throw new UserError(`--path ${flags.path} must start with a slash.`);
  const headers = { 'content-type': 'application/json', ...Object.fromEntries(flags.header.map(headerOf)) };
  return { path: flags.path, headers: { ...headers, [REQUEST_HEADER.explain]: 'true' }, body: await bodyOf(flags) };
}

const HEADER = /^([\w!#$%&'*+.^`|~-]+)\s*[=:]\s*(.*)$/;

function headerOf(stated: string): [string, string] {
  const [, name, value] = HEADER.exec(stated) ?? [];
  if (name === undefined || value === undefined)
    throw new UserError(`--header ${stated} is no header. Write name=value.`);
  return [name.toLowerCase(), value];
}

async function bodyOf({ model, prompt, body }: AskedFlags): Promise<string> {
  if (body === undefined) {
    if (model === undefined) throw new UserError('State what is asked for: --model, or a request by --body.');
    return JSON.stringify({ model, messages: [{ role: 'user', content: prompt ?? SOME_PROMPT }] });
  }
  if (prompt !== undefined) throw new UserError('--prompt and --body cannot go together.');
  const stated = await textOf(body);
  return model === undefined ? stated : withModel(stated, model, body);
}

async function textOf(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
}

function withModel(json: string, model: string, file: string): string {
  try {
    const body: unknown = JSON.parse(json);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return JSON.stringify({ ...body, model });
  } catch {
    // Told below.
  }
  throw new UserError(`${file} holds no JSON object, in which --model could be put.`);
}
