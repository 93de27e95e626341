/** How the control plane names one object, and the orders it puts objects in. */

export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `AIRoute/support/primary-summarization`. */
export const objectKey = ({ kind, namespace, name }: ObjectName): string => `${kind}/${namespace}/${name}`;

/** `AIRoute support/primary-summarization`, for messages. */
export const objectText = (object: {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}): string => `${object.kind} ${namespacedName(object)}`;

/** `support/primary-summarization`, the key that policies use. */
export const namespacedName = ({
  metadata,
}: {
  readonly metadata: { readonly namespace: string; readonly name: string };
}): string => `${metadata.namespace}/${metadata.name}`;

/** By code unit, so that the order is the same on every machine. */
export const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

interface Aged {
  readonly metadata: { readonly creationTimestamp: string; readonly namespace: string; readonly name: string };
}

/** Who wins a conflict comes first: the older object, then by namespace and name (Gateway API, conflict resolution). */
export const byAge = (a: Aged, b: Aged): number =>
  byText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  byText(a.metadata.namespace, b.metadata.namespace) ||
  byText(a.metadata.name, b.metadata.name);
