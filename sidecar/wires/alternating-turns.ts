/** Turns of an API in which user and model alternate: neighbours of one side are one turn, whose results of tools come first. */
import type { JsonObject } from '#sidecar/canonical/json';

const NONE: JsonObject[] = [];

export class AlternatingTurns {
  readonly #ended: JsonObject[] = [];
  #role: string | undefined;
  #results = NONE;
  #content = NONE;

  /** What has no content is no turn: the APIs refuse it. The lists are the turn's from now on. */
  add(role: string, results: JsonObject[], content: JsonObject[]): void {
    if (results.length + content.length === 0) return;
    if (this.#role !== role) this.#end();
    this.#role = role;
    this.#results = joined(this.#results, results);
    this.#content = joined(this.#content, content);
  }

  get isEmpty(): boolean {
    return this.#role === undefined;
  }

  /** Ends the last one. */
  ended(): JsonObject[] {
    this.#end();
    return this.#ended;
  }

  #end(): void {
    if (this.#role === undefined) return;
    const content = this.#results.length === 0 ? this.#content : this.#results.concat(this.#content);
    this.#ended.push({ role: this.#role, content });
    this.#role = undefined;
    this.#results = NONE;
    this.#content = NONE;
  }
}

function joined(list: JsonObject[], more: JsonObject[]): JsonObject[] {
  if (list.length === 0) return more;
  for (const one of more) list.push(one);
  return list;
}
