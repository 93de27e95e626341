/** `remora status`: which sidecar runs which policy, what it knows of its targets, and what budgets have spent. */
import { type ClusterOptions, connect } from '#cli/kube/cluster';
import { type Reading, readPods, readPriceBooks, readRemora } from '#cli/kube/read';
import { UserError } from '#cli/user-error';
import { LABEL } from '#contract/names/api';
import { type StatusReport, statusText } from './render.ts';
import { budgetRow, known, priceBookRow, routeRow, sidecarRows } from './rows.ts';
import { targetText } from './target-table.ts';
import { readTargets, targetsAt } from './targets.ts';

export interface StatusOptions extends ClusterOptions {
  /** Default: the namespace of the context. */
  readonly namespace?: string | undefined;
  readonly allNamespaces?: boolean | undefined;
  /** Health port of one sidecar, which alone is asked then; no cluster is. */
  readonly url?: string | undefined;
  readonly output: string;
}

/** Throws UserError when the API server cannot be reached, or gives none of it. */
export async function status(options: StatusOptions): Promise<string> {
  return options.url === undefined ? statusOfCluster(options) : statusAt(options.url, options.output);
}

async function statusAt(url: string, output: string): Promise<string> {
  const seen = await targetsAt(url);
  if (output === 'json') return `${JSON.stringify({ targets: seen.targets }, undefined, 2)}\n`;
  return targetText(seen, output === 'wide') || 'No targets.\n';
}

async function statusOfCluster(options: StatusOptions): Promise<string> {
  const cluster = await connect(options);
  const namespace = options.allNamespaces === true ? undefined : (options.namespace ?? cluster.namespace);
  const [remora, pods, books] = await Promise.all([
    // Policies are made of objects of other namespaces too.
    readRemora(cluster, undefined).then(async (all) => ('fault' in all.routes ? readRemora(cluster, namespace) : all)),
    readPods(cluster, namespace, `${LABEL.injected}=true`),
    readPriceBooks(cluster),
  ]);
  const here = <T extends { readonly metadata: { readonly namespace?: string } }>(read: Reading<readonly T[]>): T[] =>
    items(read).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  const objects = known({
    route: items(remora.routes),
    provider: items(remora.providers),
    budget: items(remora.budgets),
    policy: items(remora.policies),
  });
  const seen = await readTargets(cluster, items(pods), () => performance.now());
  const acks = 'value' in remora.acks ? remora.acks.value : undefined;
  const report: StatusReport = {
    routes: here(remora.routes).map(routeRow),
    sidecars: sidecarRows(items(pods), { acks, objects }),
    targets: seen.targets,
    told: seen.told,
    budgets: here(remora.budgets).map(budgetRow),
    priceBooks: items(books).map((book) => priceBookRow(book, Date.now())),
    faults: [
      ...faultsOf({
        AIRoutes: remora.routes,
        pods,
        AIBudgets: remora.budgets,
        acknowledgements: remora.acks,
        'price book': books,
      }),
      ...seen.faults,
    ],
  };
  if ('fault' in remora.routes && 'fault' in pods)
    throw new UserError(`${report.faults.join('\n')}\nrun \`remora check\` to see what is missing`);
  const { told: _, ...asJson } = report;
  return options.output === 'json'
    ? `${JSON.stringify(asJson, undefined, 2)}\n`
    : statusText(report, options.output === 'wide');
}

const items = <T>(read: Reading<readonly T[]>): readonly T[] => ('value' in read ? read.value : []);

const faultsOf = (readings: Readonly<Record<string, Reading<unknown>>>): string[] =>
  Object.entries(readings).flatMap(([what, read]) =>
    'fault' in read ? [`${what} cannot be read: ${read.fault}`] : [],
  );
