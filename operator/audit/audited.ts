/** Users' objects on their way into the controller, as the audit sees them: after it, so that no fault here costs an object. */
import type { ReflectorHandler } from '#operator/kube/reflector';
import type { AuditTrail } from './audit-trail.ts';
import type { AuditedObject } from './facts.ts';

export const audited = <T extends AuditedObject>(
  kind: string,
  handler: ReflectorHandler<T>,
  trail: Pick<AuditTrail, 'seen' | 'gone'> | undefined,
): ReflectorHandler<T> => ({
  apply(object) {
    handler.apply(object);
    trail?.seen(object);
  },
  remove(ref) {
    handler.remove(ref);
    trail?.gone({ kind, ...ref });
  },
});
