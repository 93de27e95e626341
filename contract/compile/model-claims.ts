/** Which AIRoute serves a logical model name of a namespace: the older one; `*` is a name like any other here. */
import type { AIRoute } from '#contract/resources/ai-route';
import { byAge } from './object-key.ts';

export interface Claims {
  /** The names that the route serves, in its own order. */
  readonly served: readonly string[];
  /** The names that an older route serves. */
  readonly lost: readonly { readonly model: string; readonly winner: AIRoute }[];
}

/** By route. `routes` may be of several namespaces; only those of one namespace compete. */
export function modelClaims(routes: readonly AIRoute[]): Map<AIRoute, Claims> {
  const winners = new Map<string, AIRoute>();
  return new Map(
    [...routes].sort(byAge).map((route) => {
      const served: string[] = [];
      const lost: { model: string; winner: AIRoute }[] = [];
      for (const model of route.spec.models ?? [route.metadata.name]) {
        // A namespace holds no slash, so the first one parts it from the model.
        const name = `${route.metadata.namespace}/${model}`;
        const winner = winners.get(name);
        if (winner) lost.push({ model, winner });
        else served.push(model);
        winners.set(name, winner ?? route);
      }
      return [route, { served, lost }];
    }),
  );
}
