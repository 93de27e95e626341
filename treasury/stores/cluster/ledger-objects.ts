/** What the cluster store needs of the API server, in the shape of AIBudgetLedger objects. The operator implements it. */
export interface LedgerOwner {
  readonly name: string;
  readonly uid: string;
}

export interface LedgerObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    /** Absent on an object that is to be created. */
    readonly resourceVersion?: string;
    readonly ownerReferences?: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly spec: { readonly book: string };
}

/**
 * Errors carry the HTTP status of the API server as a number in `code`, as ApiException of @kubernetes/client-node does.
 * Every call has its own deadline.
 */
export interface LedgerObjects {
  /** Undefined when there is none. Must be a consistent read, never from a cache. */
  get(namespace: string, name: string): Promise<LedgerObject | undefined>;
  /** Rejects with code 409 when the name is taken. */
  create(object: LedgerObject): Promise<unknown>;
  /** Rejects with code 409 when `metadata.resourceVersion` is not the present one. */
  replace(object: LedgerObject): Promise<unknown>;
  /** Resolves also when there is none. Rejects with code 409 when it has another `resourceVersion` than the stated one. */
  delete(namespace: string, name: string, resourceVersion: string | undefined): Promise<unknown>;
  /** Of every namespace. Without it no sweep and no forfeiting over all books. */
  list?(): Promise<readonly LedgerObject[]>;
}
