/** The history that `remora dev` keeps in its folder, also while it runs. */
import { existsSync } from 'node:fs';
import { historyFile } from '#cli/files/state-folder';
import { UserError } from '#cli/user-error';
import { RequestFault } from '#contract/history/request-fault';
import { HistoryUnavailable, RETENTION, ReportImpossible } from '#history/history-store';
import { routeOf } from '#history/routes/routes';
import { SQLITE_HISTORY } from '#history/sqlite/sqlite-history';
import type { Asked } from './history.ts';

/** As the one in a cluster answers the same path. Rejects with UserError. */
export async function askState(folder: string, { path, body }: Asked): Promise<string> {
  const file = historyFile(folder);
  if (!existsSync(file))
    throw new UserError(`There is no history in ${folder}: name the folder that remora dev --state has.`);
  const { pathname, searchParams } = new URL(path, 'http://history');
  const route = routeOf(pathname);
  if (route === undefined) throw new Error(`no history answers ${pathname}`);
  const store = SQLITE_HISTORY.open(`sqlite:${file}`, { retention: RETENTION });
  try {
    const asked = { params: searchParams, body: JSON.stringify(body ?? {}), accept: '', user: '' };
    return (await route.answer(asked, { store, now: Date.now })).text;
  } catch (error) {
    if (error instanceof RequestFault || error instanceof HistoryUnavailable || error instanceof ReportImpossible)
      throw new UserError(error.message, { cause: error });
    throw error;
  } finally {
    await store.close();
  }
}
