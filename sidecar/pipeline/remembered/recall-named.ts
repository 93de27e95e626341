/**
 * Puts what a request names of remembered answers in the place of its names, before anything else is decided: from here on all is as if the client
 * had repeated it, so that guardrails read it, budgets count it and any target understands it.
 */
import type { JsonObject } from '#sidecar/canonical/json';
import type { NamedAnswers, NamedItem, Recall, Turn } from '#sidecar/dialects/recall';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { type DecodedRequest, decode } from '#sidecar/pipeline/decode';
import { decodeLarge, isLarge, parseObject, runLarge, writeObject } from '#sidecar/pipeline/large';
import type { RememberedAnswers, RememberedTurn } from './remembered-answers.ts';

export interface RecallQuestion {
  /** As the client sent it. */
  readonly asked: DecodedRequest;
  readonly recall: Recall;
  readonly call: Call;
  readonly remembered: RememberedAnswers;
}

/** The request as it came where accounts keep all that it names. Throws `answer_forgotten`, `body_too_large`, `overloaded`, and as decoding does. */
export async function recallNamed(named: NamedAnswers, question: RecallQuestion): Promise<DecodedRequest> {
  const { asked, recall, call } = question;
  const held = new Held(question);
  const turns: Turn[] = [];
  for (const turn of turnsTo(named.previous, question, held))
    turns.push(asTurn(await held.read(turn.input), await held.read(turn.answer)));
  const items = await itemsOf([...named.items, ...turns.flatMap((turn) => namedBy(turn, recall))], question, held);
  if (turns.length === 0 && items.size === 0) return asked;
  const resolve = () => recall.resolve(asked.content.body, { turns, item: (id) => items.get(id) });
  const { body, clientPath } = held.isLarge ? await runLarge(resolve, call.scope) : resolve();
  const bytes = await writeObject(body, held.isLarge, call.scope);
  const decoded = isLarge(bytes) ? await decodeLarge(bytes, call) : decode(bytes, call);
  const goesOnFrom = turns.length > 0 && named.previous !== undefined ? { goesOnFrom: named.previous } : {};
  return { ...decoded, said: { content: asked.content, ...goesOnFrom, clientPath } };
}

/** How much of what is remembered one request has called back, each time that it names it. */
class Held {
  readonly #question: RecallQuestion;
  #bytes: number;

  constructor(question: RecallQuestion) {
    this.#question = question;
    this.#bytes = question.asked.content.bytes.length;
  }

  get isLarge(): boolean {
    return isLarge({ length: this.#bytes });
  }

  add(bytes: number): void {
    const { asked, call, remembered } = this.#question;
    this.#bytes += bytes;
    const recalled = this.#bytes - asked.content.bytes.length;
    if (recalled > remembered.recalledBytes) throw tooLarge(remembered.recalledBytes);
    call.body.retain(recalled);
  }

  read(json: Uint8Array): Promise<JsonObject> {
    return parseObject(json, this.isLarge, this.#question.call.scope);
  }
}

function turnsTo(
  previous: string | undefined,
  { recall, remembered }: RecallQuestion,
  held: Held,
): readonly RememberedTurn[] {
  if (previous === undefined) return [];
  const turns = remembered.turnsTo(previous);
  if (turns === undefined && recall.isMadeHere(previous)) throw forgotten('previous_response_id');
  for (const { input, answer } of turns ?? []) held.add(input.length + answer.length);
  return turns ?? [];
}

const asTurn = ({ input }: JsonObject, answer: JsonObject): Turn => ({ input, answer });

const namedBy = ({ input }: Turn, recall: Recall): readonly NamedItem[] =>
  (recall.namedIn({ input })?.items ?? []).map((item) => ({ ...item, path: 'previous_response_id' }));

async function itemsOf(
  named: readonly NamedItem[],
  { recall, remembered }: RecallQuestion,
  held: Held,
): Promise<ReadonlyMap<string, JsonObject>> {
  const found = new Map<string, Uint8Array>();
  for (const { id, path, mayBeLost } of named) {
    const json = remembered.item(id);
    if (json === undefined && recall.isMadeHere(id) && !mayBeLost) throw forgotten(path);
    if (json === undefined) continue;
    held.add(json.length);
    found.set(id, json);
  }
  const items = new Map<string, JsonObject>();
  for (const [id, json] of found) items.set(id, await held.read(json));
  return items;
}

const forgotten = (path: string): RemoraError =>
  new RemoraError({
    code: 'answer_forgotten',
    message: `${path} names an earlier answer that no service stores and that this sidecar does not remember: another pod gave it, the sidecar restarted, or it is too long ago. Send the conversation itself as input; clients do so that set store: false.`,
    param: path,
  });

const tooLarge = (most: number): RemoraError =>
  new RemoraError({
    code: 'body_too_large',
    message: `The earlier answers that the request names are over ${most} bytes. Begin a new conversation, or send the part of it that matters as input.`,
  });
