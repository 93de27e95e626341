/** The values of facts as the evaluator reads them: each worked out when it is first asked for, and once. */

type Value = string | number | bigint | boolean | readonly string[] | ReadonlyMap<string, string>;

abstract class FactValues extends Map<string, Value> {
  readonly #of: (name: string) => Value;

  constructor(of: (name: string) => Value) {
    super();
    this.#of = of;
  }

  /** Whole numbers are of CEL's type int only as bigint. */
  override get(name: string): Value | undefined {
    if (!this.has(name)) {
      const value = this.#of(name);
      this.set(name, typeof value === 'number' ? BigInt(value) : value);
    }
    return super.get(name);
  }
}

// A class each, since the evaluator knows the type of a value by its class.
export class RequestFacts extends FactValues {}
export class CallerFacts extends FactValues {}

/** What an expression is evaluated over. */
export interface Facts {
  readonly request: RequestFacts;
  readonly caller: CallerFacts;
  readonly now: Date;
}
