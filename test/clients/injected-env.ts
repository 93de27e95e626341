/** The environment that the webhook gives a container. */
import { PORT } from '#contract/names/api';
import { redirectEnv } from '#operator/admission/redirect-env';

/** With the port of this sidecar. `own`: what the container sets itself. */
export function injectedEnv(port: number, own: Readonly<Record<string, string>>): Record<string, string> {
  const env = Object.entries(own).map(([name, value]) => ({ name, value }));
  const added = redirectEnv({ name: 'app', env }, [], []).operations.map(
    (operation) => (operation as { value: { name: string; value: string } }).value,
  );
  return Object.fromEntries(
    [...env, ...added].map(({ name, value }) => [name, value.replace(`:${PORT.ingress}`, `:${port}`)]),
  );
}
