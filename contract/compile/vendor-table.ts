/** The row of a model in a table by vendor (prices, capabilities): whose table holds at a provider, and under which name the model stands in it. */
import type { AIProvider } from '#contract/resources/ai-provider';
import { PRESET, PUBLIC_PRESETS } from '#contract/resources/preset';
import { PROVIDER_TYPE } from '#contract/resources/provider-type';

/** Rows by vendor, then by model as the vendor names it. */
export type VendorTable<Row> = Readonly<Record<string, Readonly<Record<string, Row>>>>;

/** `gpt-4o-2024-08-06`, `claude-haiku-4-5-20251001`, on Vertex AI `claude-haiku-4-5@20251001`: a dated snapshot is as its base unless it has a row of its own. */
const DATE_SUFFIX = /[-@]20[0-9]{2}(-[0-9]{2}-[0-9]{2}|[0-9]{4})$/;

/** `us.anthropic.…`, or the ARN that ends so: the inference profile through which a model of Bedrock is called. */
const PROFILE = /^(?:arn:[!-~]*\/)?(?:(global|us|us-gov|eu|apac|jp|au|ca)\.)?(?=[a-z0-9]+\.)/;

/** The names under which a table may have a model, the one that says most first. */
function namesOf(model: string): string[] {
  const base = model.replace(PROFILE, '');
  const geography = PROFILE.exec(model)?.[1] ?? 'global';
  return [model, model.replace(DATE_SUFFIX, ''), ...(geography === 'global' ? [] : [`geo.${base}`]), base];
}

/** Whose models are served at an OpenAI-compatible endpoint without a preset. Any other host may serve other models, or at other prices, under the same names. */
const VENDOR_OF_HOST: ReadonlyMap<string, string> = new Map([
  ['api.openai.com', 'openai'],
  ...PUBLIC_PRESETS.flatMap((preset): [string, string][] => {
    const { defaultEndpoint, vendor } = PRESET[preset];
    return vendor === undefined ? [] : [[new URL(defaultEndpoint).hostname, vendor]];
  }),
]);

const vendorAt = (endpoint = ''): string | undefined =>
  URL.canParse(endpoint) ? VENDOR_OF_HOST.get(new URL(endpoint).hostname) : undefined;

const vendorOf = ({ preset, endpoint, endpoints }: AIProvider['spec']): string | undefined =>
  preset === undefined ? vendorAt(endpoint ?? endpoints?.[0]) : PRESET[preset].vendor;

function namedRow<Row>(table: VendorTable<Row>, vendor: string, model: string): Row | undefined {
  const rows = table[vendor] ?? {};
  const name = namesOf(model).find((candidate) => Object.hasOwn(rows, candidate));
  return name === undefined ? undefined : rows[name];
}

/** At Azure a deployment has a name of its own; what holds is known of the model behind it. */
const modelOf = ({ azure }: AIProvider['spec'], name: string): string =>
  azure?.deployments.find(({ deployment }) => deployment === name)?.name ?? name;

/** undefined: nothing is known, as of `*`, where the asked name decides. */
export function rowOf<Row>(table: VendorTable<Row>, spec: AIProvider['spec'], asked: string): Row | undefined {
  const { prices } = PROVIDER_TYPE[spec.type];
  if (prices === 'Free') return undefined;
  const model = modelOf(spec, asked);
  const vendors = prices === 'OfHost' ? [vendorOf(spec)] : [prices.vendor, prices.resells];
  return vendors.map((vendor) => vendor && namedRow(table, vendor, model)).find((found) => found) || undefined;
}

/** What the AIProvider itself states of a model, by the asked name or by that of the model behind it. */
export function statedOf(spec: AIProvider['spec'], asked: string): AIProvider['spec']['models'][number] | undefined {
  const model = modelOf(spec, asked);
  return spec.models.find(({ name }) => name === asked) ?? spec.models.find(({ name }) => name === model);
}
