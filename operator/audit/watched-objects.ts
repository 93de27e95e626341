/** What the watch has shown of users' objects: the last version of each. */
import { type ObjectName, objectKey } from '#contract/compile/object-key';
import type { KnownObject } from '#contract/history/audit';
import type { AuditedObject } from './facts.ts';

/** What the watch has come to. What it has yet to show is no matter of a comparison, which would tell of several versions as one. */
export interface Watched {
  /** Whether it has shown this version, so that it told of those before. */
  hasShown(object: AuditedObject): boolean;
  /** Whether it has yet to show that this object went. */
  isThere(object: KnownObject): boolean;
}

interface LastSeen {
  readonly uid: string;
  readonly generation: number | undefined;
  /** When its deletion was asked for. */
  readonly askedMs: number | undefined;
}

export class WatchedObjects implements Watched {
  /** By key. */
  readonly #last = new Map<string, LastSeen>();

  /** Whether this version is another one than before. */
  note(object: AuditedObject): boolean {
    if (this.hasShown(object)) return false;
    const { uid = '', generation, deletionTimestamp } = object.metadata;
    const askedMs = deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp);
    this.#last.set(keyOf(object), { uid, generation, askedMs });
    return true;
  }

  /** undefined: it was never shown. */
  forget(object: ObjectName): LastSeen | undefined {
    const key = objectKey(object);
    const last = this.#last.get(key);
    this.#last.delete(key);
    return last;
  }

  hasShown(object: AuditedObject): boolean {
    const last = this.#last.get(keyOf(object));
    return last !== undefined && last.uid === object.metadata.uid && last.generation === object.metadata.generation;
  }

  isThere(object: KnownObject): boolean {
    return this.#last.get(objectKey(object))?.uid === object.uid;
  }
}

const keyOf = ({ kind = '', metadata: { namespace = '', name } }: AuditedObject): string =>
  objectKey({ kind, namespace, name });
