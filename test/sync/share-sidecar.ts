/** A sidecar's end of the stream that says of what is shared over the fleet what a test says. */
import { NO_COUNTS, type ShareDemand } from '#contract/policy/share-demand';
import type { Shares } from '#contract/wire/gen/remora/policy/v1/sync';
import { encodeDemands } from '#contract/wire/share-codec';
import type { TestOperator } from './harness.ts';
import { rawStream, type StreamWorld } from './raw-stream.ts';

export function shareSidecar(world: StreamWorld, operator: Pick<TestOperator, 'port'>, token: string) {
  const stream = rawStream(world, operator, token);
  stream.hello();
  const told = (): Shares[] =>
    stream.received.flatMap((message) => (message.$case === 'shares' ? [message.value] : []));
  const units = (key: string): number | undefined =>
    told()
      .at(-1)
      ?.shares.find((share) => share.key === key)?.units;
  return {
    cut: stream.cut,
    told,
    units,
    /** Having applied all that was told. */
    say: (...demands: readonly (Partial<ShareDemand> & { readonly key: string })[]) =>
      stream.say({
        $case: 'shareReport',
        value: {
          version: told().at(-1)?.version ?? 0,
          demands: encodeDemands(
            demands.map((parts) => ({
              ...{ running: NO_COUNTS, waiting: NO_COUNTS, throttled: 0, units: units(parts.key) ?? 0 },
              ...parts,
            })),
          ),
        },
      }),
  };
}
