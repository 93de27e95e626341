/**
 * An unordered collection whose members know their place: constant time to add and remove, and nothing allocated. A Set would do, but
 * V8 keeps each outgrown table of a Set linked to its successor, so under churn dead members survive until the next full collection.
 */
export interface Slotted {
  /** Place in the list; -1 outside. Written by the list alone. */
  slot: number;
}

export class SlotList<T extends Slotted> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    if (member.slot >= 0) return;
    member.slot = this.#members.push(member) - 1;
  }

  /** Without effect when the member is not in the list. The last member takes its place. */
  remove(member: T): void {
    const { slot } = member;
    if (slot < 0) return;
    member.slot = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    last.slot = slot;
    this.#members[slot] = last;
  }

  /** A copy, so that members may come and go while it is walked. */
  toArray(): T[] {
    return [...this.#members];
  }
}
