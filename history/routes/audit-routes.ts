/** What can be asked about changes, and told of them. */
import { auditQueryOf } from '#contract/history/audit-request';
import { auditCsv, auditJson } from '#contract/history/render-audit';
import { RequestFault } from '#contract/history/request-fault';
import { csvAnswer, formatOf, jsonAnswer, jsonOf, type Route } from './route.ts';

/** Newest first; in CSV the place to go on from is the header `x-remora-next`. */
export const AUDIT: Route = {
  method: 'GET',
  verb: 'get',
  role: 'audit-reader',
  async answer(asked, { store, now }) {
    const format = formatOf(asked);
    const page = auditJson(await store.auditRecords(auditQueryOf(asked.params, now())));
    if (format === 'json') return jsonAnswer(page);
    return { ...csvAnswer(auditCsv(page.records)), ...(page.next && { headers: { 'x-remora-next': page.next } }) };
  },
};

/** From an operator. */
export const AUDIT_FACTS: Route = {
  method: 'POST',
  verb: 'post',
  role: 'history-writer',
  async answer({ body }, { store }) {
    const told = jsonOf(body) as { readonly cluster?: unknown; readonly facts?: unknown } | null;
    if (typeof told?.cluster !== 'string' || !Array.isArray(told.facts))
      throw new RequestFault('the body must be an object with `cluster` and `facts`');
    return jsonAnswer(await store.audit({ cluster: told.cluster, facts: told.facts }));
  },
};

/** For an operator, which looks what of it is not so any more. */
export const AUDIT_KNOWN: Route = {
  method: 'GET',
  verb: 'get',
  role: 'history-writer',
  async answer({ params }, { store }) {
    const [cluster, namespace] = [params.get('cluster'), params.get('namespace') ?? undefined];
    if (cluster === null) throw new RequestFault('cluster: must be named');
    return jsonAnswer(await store.auditKnown({ cluster, namespace }, params.get('after') ?? undefined));
  },
};
