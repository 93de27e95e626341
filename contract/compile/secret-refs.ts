/** Which Secret keys the objects refer to: what the operator watches, and what a laptop looks for in its environment. */
import type { Resource } from '#contract/resources/kinds';
import { secretOf } from '#contract/resources/provider-auth';

export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** A Secret is always of the namespace of the object that names it. undefined: the object names none. */
export function secretRefOf(object: Resource): SecretRef | undefined {
  const ref = statedRef(object);
  return ref && { namespace: object.metadata.namespace, name: ref.name, key: ref.key };
}

function statedRef(object: Resource): Omit<SecretRef, 'namespace'> | undefined {
  if (object.kind === 'AIProvider') return secretOf(object.spec.auth);
  return object.kind === 'AIRoute' ? object.spec.callback?.signingSecretRef : undefined;
}
