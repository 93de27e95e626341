/** How what an SDK states in its own language is written on the wire. */

/** As JSON: words for enums, Base64 for bytes. */
export type Json<T> = T extends string
  ? `${T}`
  : T extends Uint8Array
    ? string
    : T extends readonly (infer E)[]
      ? Json<E>[]
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;

type SnakeKey<K> = K extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeKey<Tail>}`
  : K;
/** The SDK's camel case as the API has it. */
export type Snake<T> = T extends readonly (infer E)[]
  ? Snake<E>[]
  : T extends object
    ? { [K in keyof T as SnakeKey<K>]: Snake<T[K]> }
    : T;
