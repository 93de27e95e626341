/** Which AIBudgets are stopped and which AIKeys revoked: a switch that is thrown or undone is compiled and pushed ahead of all that only changes often. */
import type { UserObject } from './observed-objects.ts';

type Switch = UserObject & { readonly spec?: { readonly stop?: unknown; readonly revoked?: unknown } };

export class KillSwitches {
  readonly #on = new Set<string>();

  /** `object` undefined: it is gone. True when its switch is in another position than before. */
  note(key: string, object: Switch | undefined): boolean {
    const was = this.#on.has(key);
    const is = object?.spec?.stop === true || object?.spec?.revoked === true;
    if (is) this.#on.add(key);
    else this.#on.delete(key);
    return was !== is;
  }
}
