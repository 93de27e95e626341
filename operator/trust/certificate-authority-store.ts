/** Where the authority's certificate and key are kept: a Secret in the cluster, memory in tests. */

/** PEM texts. `keyPem` is PKCS #8 and never leaves the operator. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface AuthorityStore {
  read(): Promise<KeyPair | undefined>;
  /** `exists`: another replica was faster; nothing was written. */
  create(value: KeyPair): Promise<'created' | 'exists'>;
}
