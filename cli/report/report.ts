/** `remora report`: what was spent, by whom and on what, as the history of usage has it. */
import { connect } from '#cli/kube/cluster';
import { whoAmI } from '#cli/kube/who-am-i';
import { UserError } from '#cli/user-error';
import { type Asked, askHistory, placeOf } from './history.ts';
import { type HistoryFlags, paramsOf } from './history-flags.ts';
import { reportTable } from './report-table.ts';

export interface AskedFlags extends HistoryFlags {
  /** Folder of `remora dev`, whose history is asked in place of that of a cluster. */
  readonly state?: string | undefined;
}

export interface ReportFlags extends AskedFlags {
  readonly by?: string | undefined;
  readonly period?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly where: readonly string[];
  readonly top?: string | undefined;
  readonly format: string;
}

/** Throws UserError when it cannot be asked or says no. */
export async function report({ where, format, ...flags }: ReportFlags): Promise<string> {
  const params = paramsOf({ by: flags.by, period: flags.period, from: flags.from, to: flags.to, top: flags.top });
  for (const one of where) params.append('where', one);
  params.set('format', format === 'csv' ? 'csv' : 'json');
  const { ask } = await historyOf(flags);
  const text = await ask({ path: `/v1/report?${params}` });
  return format === 'table' ? reportTable(text) : text;
}

/** One line. */
export async function question(
  name: 'dearest-team' | 'per-session',
  { operator, state, kubeconfig, context, ...params }: AskedFlags & Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { ask } = await historyOf({ operator, state, kubeconfig, context });
  return ask({ path: `/v1/report/${name}?${paramsOf(params)}` });
}

export interface RerateFlags extends AskedFlags {
  readonly provider: string;
  readonly model: string;
  readonly from: string;
  readonly to: string;
  /** JSON or YAML. */
  readonly prices: string;
}

export async function rerate({ provider, model, from, to, prices, ...flags }: RerateFlags): Promise<string> {
  const { readPrices } = await import('./read-prices.ts');
  const stated = { provider, model, from, to, prices: readPrices(prices) };
  const { ask, asker } = await historyOf(flags);
  const by = await asker();
  const body = { ...stated, ...(by !== undefined && { by }) };
  const text = await ask({ path: '/v1/rerate', body });
  const { rows, differenceUsd } = parsed<{ rows: number; differenceUsd: string }>(text);
  return `${rows} attempts have another cost: ${differenceUsd.startsWith('-') ? '' : '+'}${differenceUsd} USD.\n`;
}

interface History {
  readonly ask: (asked: Asked) => Promise<string>;
  /** Who asks: the token that is asked with is of an account that others use, too. undefined: nobody says. */
  readonly asker: () => Promise<string | undefined>;
}

/** Connected to once, however often it is asked. */
async function historyOf({ state, operator, ...options }: AskedFlags): Promise<History> {
  if (state !== undefined) {
    const { askState } = await import('./state-history.ts');
    return { ask: (asked) => askState(state, asked), asker: async () => undefined };
  }
  const cluster = await connect(options);
  const place = placeOf(operator);
  return { ask: (asked) => askHistory(cluster, place, asked), asker: () => whoAmI(cluster) };
}

function parsed<T>(text: string): T {
  try {
    // The history's own answer, of this build or a neighbour.
    return JSON.parse(text) as T;
  } catch (error) {
    throw new UserError('What answered is no history of Remora. Is --operator right?', { cause: error });
  }
}
