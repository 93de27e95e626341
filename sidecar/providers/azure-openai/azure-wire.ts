/**
 * OpenAI's APIs as Azure serves them: through two doors, and by the names of deployments. One function for each API that Azure serves,
 * so that a further wire is one more call in the adapter.
 */
import type { AzureSettings } from '#contract/resources/azure-settings';
import type { JsonObject } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Losses } from '#sidecar/wires/losses';
import type { AnyWire, PassthroughChanges } from '#sidecar/wires/wire';

type Settings = Pick<AzureSettings, 'apiVersion' | 'deployments'>;

/** A model that is not listed is its own deployment. */
const deploymentOf = ({ deployments }: Settings, model: string): string =>
  deployments.find(({ name }) => name === model)?.deployment ?? model;

/** `door`: where the wire is served; by default each of the two has it in its own place. */
export function azureWire<W extends AnyWire>(wire: W, settings: Settings, door: Door = doorOf(settings)): W {
  const named = (model: string): string => deploymentOf(settings, model);
  const edits = wire.passthroughEdits;
  return {
    ...wire,
    path: (model: string, stream: boolean) => door(named(model), wire.path(named(model), stream)),
    encodeRequest: (request: CanonicalRequest, model: string, losses: Losses) =>
      wire.encodeRequest(request, named(model), losses),
    ...(edits !== undefined && {
      passthroughEdits: (body: JsonObject, changes: PassthroughChanges) =>
        edits(body, { ...changes, model: named(changes.model) }),
    }),
  };
}

/** The path of an operation on a deployment. */
type Door = (deployment: string, path: string) => string;

/** The door with dated versions has the deployment in its path and ignores the model of the body; the other goes by the model of the body. */
const doorOf = ({ apiVersion }: Settings): Door =>
  apiVersion === undefined
    ? (_, path) => `/openai/v1${path}`
    : (deployment, path) => `/openai/deployments/${encodeURIComponent(deployment)}${versioned(path, apiVersion)}`;

const versioned = (path: string, apiVersion: string): string => `${path}?api-version=${encodeURIComponent(apiVersion)}`;

/** Responses, which go by the model of the body at both doors. */
export const bodyDoorOf = ({ apiVersion }: Settings): Door =>
  apiVersion === undefined ? doorOf({ deployments: [] }) : (_, path) => `/openai${versioned(path, apiVersion)}`;
