/** The labelled requests as canonical requests, and which of them are for development and which are frozen for the test. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Complexity, TASKS, type Task } from '#contract/resources/request-class';
import type { ChatRequest, Message, Role } from '#sidecar/canonical/chat-request';
import type { EmbeddingsRequest } from '#sidecar/canonical/embeddings';

export interface Labelled {
  readonly id: string;
  readonly task: Task;
  readonly complexity: Complexity;
  /** For the test alone; the others are for development. */
  readonly isFrozen: boolean;
  readonly request: ChatRequest | EmbeddingsRequest;
}

/** One line of a file. Texts may hold `{{name}}` and `{{name*count}}`. */
interface Line {
  readonly id: string;
  readonly complexity: Complexity;
  readonly system?: string;
  /** The only turn; otherwise `turns`, by user and assistant alternately. */
  readonly user?: string;
  readonly turns?: readonly string[];
  /** Of calls that the assistant made after the last turn. */
  readonly toolResults?: readonly string[];
  /** Names. */
  readonly tools?: readonly string[];
  readonly json?: true;
  readonly schema?: true;
  /** How many, in the last turn. */
  readonly images?: number;
  readonly maxOutputTokens?: number;
  readonly effort?: string;
  /** Of an embeddings request. */
  readonly texts?: readonly string[];
}

const FOLDER = import.meta.dirname;

const materials = new Map<string, string>();

function material(name: string): string {
  const known = materials.get(name) ?? readFileSync(join(FOLDER, 'material', `${name}.txt`), 'utf8');
  materials.set(name, known);
  return known;
}

const filled = (text: string): string =>
  text.replace(/\{\{([a-z-]+)(?:\*(\d+))?\}\}/g, (_, name: string, count = '1') =>
    material(name).repeat(Number(count)),
  );

const message = (role: Role, text: string): Message => ({ role, parts: [{ type: 'text', text: filled(text) }] });

const IMAGE = { type: 'image', source: { kind: 'url', url: 'https://images.example/1.png' } } as const;

function messagesOf({ system, user, turns = user === undefined ? [] : [user], toolResults = [], images = 0 }: Line) {
  const said = turns.map((text, index) => message(index % 2 === 0 ? 'user' : 'assistant', text));
  const last = said.at(-1);
  if (last && images > 0)
    said.splice(-1, 1, { ...last, parts: [...last.parts, ...Array.from({ length: images }, () => IMAGE)] });
  const results = toolResults.map((text, index): Message => {
    const parts = [{ type: 'text', text: filled(text) } as const];
    return { role: 'tool', parts: [{ type: 'tool-result', toolCallId: `call-${index}`, parts }] };
  });
  return [...(system === undefined ? [] : [message('system', system)]), ...said, ...results];
}

const SCHEMA = { type: 'object', properties: { result: { type: 'string' } } };

const formatOf = ({ schema, json }: Line): Pick<ChatRequest, 'responseFormat'> => {
  if (schema) return { responseFormat: { type: 'json-schema', name: 'result', schema: SCHEMA } };
  return json ? { responseFormat: { type: 'json-object' } } : {};
};

const common = { model: 'any', stream: false, includeUsage: false, extensions: {} } as const;

function requestOf(line: Line): Labelled['request'] {
  const { texts, tools = [], maxOutputTokens, effort } = line;
  if (texts)
    return {
      ...common,
      operation: 'embeddings',
      input: { kind: 'texts', texts: texts.map(filled) },
      encoding: 'float',
    };
  return {
    ...common,
    operation: 'chat',
    messages: messagesOf(line),
    tools: tools.map((name) => ({ name, parameters: { type: 'object' } })),
    stop: [],
    ...formatOf(line),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(effort !== undefined && { reasoning: { effort } }),
  };
}

/** Written when the rules were there already. */
const LATER = 'later';

function readFolder(folder: string): Labelled[] {
  const path = join(FOLDER, 'labelled', folder);
  const tasks = (Object.keys(TASKS) as Task[]).filter((task) => existsSync(fileOf(path, task)));
  return tasks.flatMap((task) =>
    readFileSync(fileOf(path, task), 'utf8')
      .trimEnd()
      .split('\n')
      .map((text) => {
        const line = JSON.parse(text) as Line;
        const isFrozen = folder !== LATER && isInFrozenThird(line.id);
        return { id: line.id, task, complexity: line.complexity, isFrozen, request: requestOf(line) };
      }),
  );
}

const fileOf = (folder: string, task: Task): string => join(folder, `${TASKS[task]}.jsonl`);

/** By the id alone, so that a request that is added moves no other one. */
const isInFrozenThird = (id: string): boolean => createHash('sha256').update(id).digest().readUInt32BE(0) % 3 === 0;

export const readLabelled = (): Labelled[] => [...readFolder(''), ...readFolder(LATER)];
