/** `remora explain`: why a request goes where it goes, from a running sidecar, a pod, or YAML files alone. */
import type { Environment } from '#cli/files/file-secret';
import { type ClusterOptions, connect } from '#cli/kube/cluster';
import { throughPod } from '#cli/kube/port-forward';
import { UserError } from '#cli/user-error';
import { PORT } from '#contract/names/api';
import { askFiles } from './ask-files.ts';
import { askSidecar, type Told } from './ask-sidecar.ts';
import { type AskedFlags, type AskedRequest, askedRequest } from './asked-request.ts';
import { withRemaining } from './remaining.ts';
import { explanationText, refusalText } from './render.ts';

export interface ExplainOptions extends AskedFlags, ClusterOptions {
  /** Of the gateway. */
  readonly url: string;
  /** `namespace/name`, or a name in the namespace of the context. */
  readonly pod?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: string | undefined;
  readonly assumeKeys?: boolean | undefined;
  readonly output: string;
  readonly env: Environment;
}

/** `ok`: the request would not be refused. `notes`: what is said beside the answer. Throws UserError when nobody can be asked. */
export interface Explained {
  readonly text: string;
  readonly notes: readonly string[];
  readonly ok: boolean;
}

export async function explain(options: ExplainOptions): Promise<Explained> {
  const asked = await askedRequest(options);
  const { told, notes } = await ask(asked, options);
  const asJson = options.output === 'json';
  if (!('explanation' in told)) {
    const refused = { outcome: 'refused', refused: told };
    return { text: asJson ? jsonText(refused) : refusalText(told.status, told.message), notes, ok: false };
  }
  const { explanation } = told;
  const text = asJson ? jsonText(explanation) : explanationText(explanation);
  return { text, notes, ok: explanation.outcome !== 'refused' };
}

const jsonText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

interface Answer {
  readonly told: Told;
  readonly notes: readonly string[];
}

async function ask(asked: AskedRequest, options: ExplainOptions): Promise<Answer> {
  const { files, pod, labels, namespace, url, env, assumeKeys = false } = options;
  if (files !== undefined && pod !== undefined) throw new UserError('--files and --pod cannot go together.');
  if (files !== undefined)
    return askFiles(asked, {
      files,
      namespace,
      labels: labels === undefined ? undefined : labelsOf(labels),
      assumeKeys,
      env,
    });
  for (const [flag, value] of Object.entries({ '--labels': labels, '--assume-keys': options.assumeKeys }))
    if (value !== undefined) throw new UserError(`${flag} goes with --files: a running sidecar knows by itself.`);
  const told = pod === undefined ? await askSidecar(url, asked) : await askPod(asked, pod, options);
  return { told, notes: [] };
}

async function askPod(asked: AskedRequest, stated: string, options: ExplainOptions): Promise<Told> {
  const [name = '', namespace] = stated.split('/').toReversed();
  const cluster = await connect(options);
  const place = { namespace: namespace ?? options.namespace ?? cluster.namespace, pod: name, port: PORT.ingress };
  const told = await throughPod(place, options, (url) => askSidecar(url, asked));
  return 'explanation' in told ? { explanation: await withRemaining(told.explanation, cluster) } : told;
}

/** `a=b,c=d`. */
const labelsOf = (stated: string): Record<string, string> =>
  Object.fromEntries(
    stated.split(',').map((pair) => {
      const [name = '', value] = pair.split('=');
      if (name === '' || value === undefined)
        throw new UserError(`--labels ${stated} must be name=value, with commas between.`);
      return [name, value];
    }),
  );
