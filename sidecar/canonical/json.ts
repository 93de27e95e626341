/** JSON as it comes from outside: parsed, not yet trusted. Members may hold `__proto__`; read them with own-property checks only. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}
