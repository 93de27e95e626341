/** Function calls that have no result so far, by id and by name: a turn may hold thousands. */
export interface PendingCall {
  readonly id: string;
  readonly name: string;
}

export class Pending {
  /** In the order of the calls. Ids may occur again. */
  readonly #byId = new Map<string, PendingCall[]>();
  readonly #byName = new Map<string, PendingCall[]>();
  readonly #answered = new Set<PendingCall>();

  add(call: PendingCall): void {
    listAt(this.#byId, call.id).push(call);
    listAt(this.#byName, call.name).push(call);
  }

  /** The first call of that id, or, where there is none, of that name; from now on it has a result. */
  take(id: string | undefined, name: string): PendingCall | undefined {
    const call = (id === undefined ? undefined : this.#firstOf(this.#byId, id)) ?? this.#firstOf(this.#byName, name);
    if (call !== undefined) this.#answered.add(call);
    return call;
  }

  #firstOf(calls: ReadonlyMap<string, PendingCall[]>, key: string): PendingCall | undefined {
    const list = calls.get(key) ?? [];
    while (list[0] !== undefined && this.#answered.has(list[0])) list.shift();
    return list[0];
  }
}

function listAt(calls: Map<string, PendingCall[]>, key: string): PendingCall[] {
  const list = calls.get(key) ?? [];
  calls.set(key, list);
  return list;
}
