/** AWS Bedrock, by a Bedrock API key or by a key pair that signs each request. */
import type { PolicyProvider } from '#contract/policy/policy';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { SHOWN_BY_CLAUDE } from '#sidecar/wires/anthropic-messages/shown-output';
import { bedrockConverseWire } from '#sidecar/wires/bedrock-converse/bedrock-converse';
import { bedrockCohereEmbedWire } from '#sidecar/wires/bedrock-embed/cohere-embed';
import { titanEmbedWire } from '#sidecar/wires/bedrock-embed/titan-embed';
import { type KeyPair, sign } from './sign.ts';

const SIGNING_NAME = 'bedrock';

type Wires = ProviderAdapter['wires'];
const CHAT: Wires = [bedrockConverseWire];
/** What embeds is spoken to in its vendor's own words; the vendor is told by the name of the model alone. */
const OF_MODEL: readonly (readonly [RegExp, Wires])[] = [
  [/titan-embed/, [bedrockConverseWire, titanEmbedWire]],
  [/cohere\.embed/, [bedrockConverseWire, bedrockCohereEmbedWire]],
];
/** Nova of the first generation, Titan, Llama and Mistral do not reason; Claude does where it is asked to. */
const SHOWN = {
  always: /(?:^|[./])(?:amazon\.(?:nova-(?:micro|lite|pro|premier)-v1|titan-text)|meta\.llama|mistral\.(?!magistral))/,
  ...SHOWN_BY_CLAUDE,
};
const CONTENT_TYPE = 'application/json';

/** Throws an Error with a reason for a human when the provider states no region. */
export function bedrock({ key, aws }: PolicyProvider): ProviderAdapter {
  if (aws === undefined) throw new Error(`AIProvider ${key}: aws.region is missing`);
  const scope = { region: aws.region, service: SIGNING_NAME };
  return {
    type: 'Bedrock',
    telemetryName: 'aws.bedrock',
    wires: CHAT,
    wiresFor: (model) => OF_MODEL.find(([pattern]) => pattern.test(model))?.[1] ?? CHAT,
    headers(call) {
      if (call.credential?.trimStart().startsWith('{') !== true) return bearerKey(call);
      const keys = keyPairOf(call.credential);
      // The provider's refusal says what is missing, and other targets are tried.
      if (keys === undefined) return {};
      const { url, body, nowUnixMs } = call;
      return sign({ url, body, nowUnixMs, headers: { 'content-type': CONTENT_TYPE } }, keys, scope);
    },
    requestIdHeader: 'x-amzn-requestid',
    shownOutput: SHOWN,
  };
}

/** undefined: the JSON is no key pair. */
function keyPairOf(text: string): KeyPair | undefined {
  let value: Partial<Record<keyof KeyPair, unknown>>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { accessKeyId, secretAccessKey, sessionToken } = value;
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') return undefined;
  return {
    accessKeyId,
    secretAccessKey,
    ...(typeof sessionToken === 'string' && sessionToken !== '' && { sessionToken }),
  };
}
