/**
 * List prices of common models, so that a money budget works before anybody states a price. Prices are those of the base
 * tier: surcharges for long context, regions and priority are not in it; AIProvider.spec.models states a price where that matters.
 *
 * Facts taken on 2026-11-21 from public data under the MIT licence: model_prices_and_context_window.json of
 * github.com/BerriAI/litellm at commit 00035b69, for Google ai.google.dev/gemini-api/docs/pricing
 * as quoted by third parties between 2026-07 and 2026-10 (plans/deepmind-plans-pricing.yml of github.com/api-evangelist/deepmind at commit 47a9772b and others), and for DeepSeek prices/providers/deepseek.yml of github.com/pydantic/genai-prices at commit 08548d4b.
 * Of audio, images, transcription and speech: platform.openai.com/docs/pricing and ai.google.dev/gemini-api/docs/pricing as quoted by third parties in 2026; of cache writes: Anthropic's documentation, Prompt caching.
 * the vendors' public price pages as quoted by third parties in 2026 (such as opencode.ai/data/google/gemini-embedding-001).
 */
import type { VendorTable } from './vendor-table.ts';

/** Pico-dollars per token: input, input read from the prompt cache, output. One US dollar per million tokens is 1,000,000. */
export type PriceRow = readonly [input: number, cachedInput: number, output: number, others?: OtherRates];

/** Pico-dollars per token of what has a price of its own, per image and per character. */
export interface OtherRates {
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly inputAudio?: number;
  readonly inputImage?: number;
  readonly outputAudio?: number;
  readonly outputImage?: number;
  readonly image?: number;
  readonly character?: number;
}

export type PriceBook = VendorTable<PriceRow>;

/** Of a model whose answers are vectors: it reads from no cache and writes no tokens. */
const embedding = (input: number): PriceRow => [input, input, 0];

/** Anthropic's rule for all its models: a cache write costs 1.25 times the input for five minutes, twice the input for an hour. */
const claude = (input: number, cachedInput: number, output: number): PriceRow => [
  input,
  cachedInput,
  output,
  { cacheWrite: (input * 5) / 4, cacheWrite1h: input * 2 },
];

export const PRICE_BOOK: PriceBook = {
  openai: {
    'gpt-4.1': [2_000_000, 500_000, 8_000_000],
    'gpt-4.1-mini': [400_000, 100_000, 1_600_000],
    'gpt-4.1-nano': [100_000, 25_000, 400_000],
    'gpt-4-turbo': [10_000_000, 10_000_000, 30_000_000],
    'gpt-4o': [2_500_000, 1_250_000, 10_000_000],
    // The first snapshot kept its launch price.
    'gpt-4o-2024-05-13': [5_000_000, 5_000_000, 15_000_000],
    'gpt-4o-mini': [150_000, 75_000, 600_000],
    'gpt-4o-audio-preview': [2_500_000, 2_500_000, 10_000_000, { inputAudio: 40_000_000, outputAudio: 80_000_000 }],
    'gpt-4o-mini-audio-preview': [150_000, 150_000, 600_000, { inputAudio: 10_000_000, outputAudio: 20_000_000 }],
    'gpt-4o-mini-transcribe': [1_250_000, 1_250_000, 5_000_000, { inputAudio: 3_000_000 }],
    'gpt-4o-transcribe': [2_500_000, 2_500_000, 10_000_000, { inputAudio: 6_000_000 }],
    'gpt-5': [1_250_000, 125_000, 10_000_000],
    'gpt-5-chat-latest': [1_250_000, 125_000, 10_000_000],
    'gpt-5-mini': [250_000, 25_000, 2_000_000],
    'gpt-5-nano': [50_000, 5_000, 400_000],
    'gpt-5.1': [1_250_000, 125_000, 10_000_000],
    'gpt-5.1-chat-latest': [1_250_000, 125_000, 10_000_000],
    'gpt-5.2': [1_750_000, 175_000, 14_000_000],
    'gpt-5.2-chat-latest': [1_750_000, 175_000, 14_000_000],
    'gpt-5.3-chat-latest': [1_750_000, 175_000, 14_000_000],
    'gpt-5.4': [2_500_000, 250_000, 15_000_000],
    'gpt-5.4-mini': [750_000, 75_000, 4_500_000],
    'gpt-5.4-nano': [200_000, 20_000, 1_250_000],
    'gpt-5.5': [5_000_000, 500_000, 30_000_000],
    'gpt-5.6': [5_000_000, 500_000, 30_000_000],
    'gpt-5.6-luna': [1_000_000, 100_000, 6_000_000],
    'gpt-5.6-sol': [5_000_000, 500_000, 30_000_000],
    'gpt-5.6-terra': [2_500_000, 250_000, 15_000_000],
    'gpt-audio': [2_500_000, 2_500_000, 10_000_000, { inputAudio: 32_000_000, outputAudio: 64_000_000 }],
    'gpt-image-1': [5_000_000, 1_250_000, 10_000_000, { inputImage: 10_000_000, outputImage: 40_000_000 }],
    'gpt-image-1.5': [5_000_000, 1_250_000, 10_000_000, { inputImage: 8_000_000, outputImage: 32_000_000 }],
    'gpt-image-1-mini': [2_000_000, 200_000, 8_000_000, { inputImage: 2_500_000, outputImage: 8_000_000 }],
    o1: [15_000_000, 7_500_000, 60_000_000],
    o3: [2_000_000, 500_000, 8_000_000],
    'o3-mini': [1_100_000, 550_000, 4_400_000],
    'o4-mini': [1_100_000, 275_000, 4_400_000],
    'text-embedding-3-large': embedding(130_000),
    'text-embedding-3-small': embedding(20_000),
    'text-embedding-ada-002': embedding(100_000),
    // Speech is billed by the character alone.
    'tts-1': [0, 0, 0, { character: 15_000_000 }],
    'tts-1-hd': [0, 0, 0, { character: 30_000_000 }],
  },
  anthropic: {
    'claude-3-haiku': claude(250_000, 30_000, 1_250_000),
    'claude-3-7-sonnet': claude(3_000_000, 300_000, 15_000_000),
    'claude-fable-5': claude(10_000_000, 1_000_000, 50_000_000),
    'claude-haiku-4-5': claude(1_000_000, 100_000, 5_000_000),
    'claude-opus-4': claude(15_000_000, 1_500_000, 75_000_000),
    'claude-opus-4-0': claude(15_000_000, 1_500_000, 75_000_000),
    'claude-opus-4-1': claude(15_000_000, 1_500_000, 75_000_000),
    'claude-opus-4-5': claude(5_000_000, 500_000, 25_000_000),
    'claude-opus-4-6': claude(5_000_000, 500_000, 25_000_000),
    'claude-opus-4-7': claude(5_000_000, 500_000, 25_000_000),
    'claude-opus-4-8': claude(5_000_000, 500_000, 25_000_000),
    'claude-sonnet-4': claude(3_000_000, 300_000, 15_000_000),
    'claude-sonnet-4-0': claude(3_000_000, 300_000, 15_000_000),
    'claude-sonnet-4-5': claude(3_000_000, 300_000, 15_000_000),
    'claude-sonnet-4-6': claude(3_000_000, 300_000, 15_000_000),
    'claude-sonnet-5': claude(2_000_000, 200_000, 10_000_000),
  },
  google: {
    'gemini-2.5-flash': [300_000, 30_000, 2_500_000, { inputAudio: 1_000_000 }],
    'gemini-2.5-flash-lite': [100_000, 10_000, 400_000, { inputAudio: 300_000 }],
    'gemini-2.5-pro': [1_250_000, 125_000, 10_000_000],
    'gemini-3-flash-preview': [500_000, 50_000, 3_000_000],
    'gemini-3.1-flash-lite': [250_000, 25_000, 1_500_000],
    'gemini-3.1-pro-preview': [2_000_000, 200_000, 12_000_000],
    'gemini-3.5-flash': [1_500_000, 150_000, 9_000_000],
    'gemini-3.5-flash-lite': [300_000, 30_000, 2_500_000],
    'gemini-3.6-flash': [1_500_000, 150_000, 7_500_000],
    // Until the end of 2026 Google asks for half of this.
    'gemini-3.8-flash': [1_500_000, 150_000, 7_500_000],
    // Older models of embedding are billed by characters on Vertex AI, so that no price per token holds for them.
    'gemini-embedding-001': embedding(150_000),
    'gemini-embedding-2': embedding(200_000),
  },
  /**
   * A model of Bedrock costs the same in its region and through an inference profile, unless a row that begins with `geo.` says what the
   * profiles of one geography (`us.`, `eu.`, …) cost.
   */
  bedrock: {
    'amazon.nova-2-lite-v1:0': [300_000, 75_000, 2_500_000],
    'geo.amazon.nova-2-lite-v1:0': [330_000, 82_500, 2_750_000],
    'amazon.nova-lite-v1:0': [60_000, 60_000, 240_000],
    'amazon.nova-micro-v1:0': [35_000, 35_000, 140_000],
    'amazon.nova-pro-v1:0': [800_000, 800_000, 3_200_000],
    'amazon.titan-embed-text-v1': embedding(100_000),
    'amazon.titan-embed-text-v2:0': embedding(20_000),
    'anthropic.claude-3-5-haiku-20241022-v1:0': claude(800_000, 80_000, 4_000_000),
    'anthropic.claude-3-5-sonnet-20241022-v2:0': claude(3_000_000, 300_000, 15_000_000),
    'anthropic.claude-3-7-sonnet-20250219-v1:0': claude(3_000_000, 300_000, 15_000_000),
    'anthropic.claude-3-haiku-20240307-v1:0': claude(250_000, 25_000, 1_250_000),
    'anthropic.claude-fable-5': claude(10_000_000, 1_000_000, 50_000_000),
    'geo.anthropic.claude-fable-5': claude(11_000_000, 1_100_000, 55_000_000),
    'anthropic.claude-haiku-4-5-20251001-v1:0': claude(1_000_000, 100_000, 5_000_000),
    'geo.anthropic.claude-haiku-4-5-20251001-v1:0': claude(1_100_000, 110_000, 5_500_000),
    'anthropic.claude-opus-4-20250514-v1:0': claude(15_000_000, 1_500_000, 75_000_000),
    'anthropic.claude-opus-4-1-20250805-v1:0': claude(15_000_000, 1_500_000, 75_000_000),
    'anthropic.claude-opus-4-5-20251101-v1:0': claude(5_000_000, 500_000, 25_000_000),
    'geo.anthropic.claude-opus-4-5-20251101-v1:0': claude(5_500_000, 550_000, 27_500_000),
    'anthropic.claude-opus-4-6-v1': claude(5_000_000, 500_000, 25_000_000),
    'geo.anthropic.claude-opus-4-6-v1': claude(5_500_000, 550_000, 27_500_000),
    'anthropic.claude-opus-4-7': claude(5_000_000, 500_000, 25_000_000),
    'geo.anthropic.claude-opus-4-7': claude(5_500_000, 550_000, 27_500_000),
    'anthropic.claude-opus-4-8': claude(5_000_000, 500_000, 25_000_000),
    'geo.anthropic.claude-opus-4-8': claude(5_500_000, 550_000, 27_500_000),
    'anthropic.claude-sonnet-4-20250514-v1:0': claude(3_000_000, 300_000, 15_000_000),
    'anthropic.claude-sonnet-4-5-20250929-v1:0': claude(3_000_000, 300_000, 15_000_000),
    'geo.anthropic.claude-sonnet-4-5-20250929-v1:0': claude(3_300_000, 330_000, 16_500_000),
    'anthropic.claude-sonnet-4-6': claude(3_000_000, 300_000, 15_000_000),
    'geo.anthropic.claude-sonnet-4-6': claude(3_300_000, 330_000, 16_500_000),
    'anthropic.claude-sonnet-5': claude(2_000_000, 200_000, 10_000_000),
    'geo.anthropic.claude-sonnet-5': claude(2_200_000, 220_000, 11_000_000),
    'cohere.embed-english-v3': embedding(100_000),
    'cohere.embed-multilingual-v3': embedding(100_000),
    'cohere.embed-v4:0': embedding(120_000),
    'meta.llama3-1-70b-instruct-v1:0': [990_000, 990_000, 990_000],
    'meta.llama3-1-8b-instruct-v1:0': [220_000, 220_000, 220_000],
    'meta.llama3-3-70b-instruct-v1:0': [720_000, 720_000, 720_000],
    'meta.llama4-maverick-17b-instruct-v1:0': [240_000, 240_000, 970_000],
    'meta.llama4-scout-17b-instruct-v1:0': [170_000, 170_000, 660_000],
    'mistral.devstral-2-123b': [400_000, 400_000, 2_000_000],
    'mistral.magistral-small-2509': [500_000, 500_000, 1_500_000],
    'mistral.ministral-3-8b-instruct': [150_000, 150_000, 150_000],
    'mistral.ministral-3-14b-instruct': [200_000, 200_000, 200_000],
    'mistral.mistral-large-2407-v1:0': [3_000_000, 3_000_000, 9_000_000],
    'mistral.mistral-large-3-675b-instruct': [500_000, 500_000, 1_500_000],
  },
  groq: {
    'llama-3.1-8b-instant': [50_000, 50_000, 80_000],
    'llama-3.3-70b-versatile': [590_000, 590_000, 790_000],
    'meta-llama/llama-4-maverick-17b-128e-instruct': [200_000, 200_000, 600_000],
    'meta-llama/llama-4-scout-17b-16e-instruct': [110_000, 110_000, 340_000],
    'openai/gpt-oss-120b': [150_000, 75_000, 600_000],
    'openai/gpt-oss-20b': [75_000, 37_500, 300_000],
    'qwen/qwen3-32b': [290_000, 290_000, 590_000],
  },
  deepseek: {
    'deepseek-v4-flash': [140_000, 2_800, 280_000],
    'deepseek-v4-pro': [435_000, 3_625, 870_000],
  },
  mistral: {
    'codestral-embed': embedding(150_000),
    'ministral-8b-latest': [150_000, 150_000, 150_000],
    'mistral-embed': embedding(100_000),
    'mistral-large-2411': [2_000_000, 2_000_000, 6_000_000],
    'mistral-large-2512': [500_000, 500_000, 1_500_000],
    'mistral-large-latest': [500_000, 500_000, 1_500_000],
    'mistral-medium-2508': [400_000, 400_000, 2_000_000],
    'mistral-medium-latest': [1_500_000, 1_500_000, 7_500_000],
    'mistral-small-latest': [60_000, 60_000, 180_000],
  },
  // Of billed units; the vendor gives no discount on cached input.
  cohere: {
    'command-a-03-2025': [2_500_000, 2_500_000, 10_000_000],
    'command-r': [150_000, 150_000, 600_000],
    'command-r-08-2024': [150_000, 150_000, 600_000],
    'command-r-plus': [2_500_000, 2_500_000, 10_000_000],
    'command-r-plus-08-2024': [2_500_000, 2_500_000, 10_000_000],
    'command-r7b-12-2024': [37_500, 37_500, 150_000],
    'embed-english-v3.0': embedding(100_000),
    'embed-multilingual-v3.0': embedding(100_000),
    'embed-v4.0': embedding(120_000),
  },
  xai: {
    'grok-4-1-fast': [200_000, 50_000, 500_000],
    'grok-4.20-0309-reasoning': [2_000_000, 200_000, 6_000_000],
    'grok-4.3': [1_250_000, 200_000, 2_500_000],
    'grok-4.3-latest': [1_250_000, 200_000, 2_500_000],
    'grok-4.5': [2_000_000, 500_000, 6_000_000],
    'grok-4.5-latest': [2_000_000, 500_000, 6_000_000],
  },
};
