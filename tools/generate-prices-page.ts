/** `docs/reference/prices.md`: the built-in price book, from the data that the operator compiles with. */
import { PRICE_BOOK } from '#contract/compile/price-book';
import { type PriceRow, type PriceTier, priceBookVersion, type Rates } from '#contract/compile/price-book-schema';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

const HEADER = ['Model', 'Holds for', 'Input', 'Cached input', 'Output', 'Others'];

/** US dollars per million tokens of pico-dollars per token. */
const usd = (pico: number): string => String(pico / 1_000_000);

const OTHERS: readonly (readonly [kind: Exclude<keyof Rates, 'input' | 'cachedInput' | 'output'>, name: string])[] = [
  ['cacheWrite', 'cache write'],
  ['cacheWrite1h', 'cache write 1 h'],
  ['inputAudio', 'audio in'],
  ['inputImage', 'image in'],
  ['outputAudio', 'audio out'],
  ['outputImage', 'image out'],
];

const othersOf = (rates: Partial<Rates>): string[] =>
  OTHERS.flatMap(([kind, name]) => (rates[kind] === undefined ? [] : [`${name} ${usd(rates[kind])}`]));

const whenOf = ({ aboveInputTokens, serviceTier }: PriceTier): string =>
  [
    ...(aboveInputTokens === undefined ? [] : [`more than ${aboveInputTokens} input tokens`]),
    ...(serviceTier === undefined ? [] : [`tier ${code(serviceTier)}`]),
  ].join(', ');

const TOOLS = [
  ['webSearch', 'web searches'],
  ['webSearchPreview', 'web searches (preview)'],
  ['fileSearch', 'file searches'],
  ['codeExecution', 'code executions'],
] as const;

/** US dollars per thousand of pico-dollars per call. */
const toolsOf = (row: PriceRow): string[] =>
  TOOLS.flatMap(([kind, name]) => (row[kind] === undefined ? [] : [`1000 ${name} ${row[kind] / 1e9}`]));

function rowsOf(model: string, row: PriceRow): string[][] {
  const { image, character, tiers = [] } = row;
  const pieces = [
    ...(image === undefined ? [] : [`an image ${image / 1e12}`]),
    ...(character === undefined ? [] : [`a million characters ${usd(character)}`]),
    ...toolsOf(row),
  ];
  const line = (name: string, when: string, rates: Rates, more: readonly string[]) => [
    ...[name, when, usd(rates.input), usd(rates.cachedInput), usd(rates.output)],
    [...othersOf(rates), ...more].join(', '),
  ];
  return [line(code(model), '', row, pieces), ...tiers.map((tier) => line('', whenOf(tier), { ...row, ...tier }, []))];
}

const section = ([vendor, models]: [string, Readonly<Record<string, PriceRow>>]): string =>
  page(
    `## ${vendor}`,
    `From: ${PRICE_BOOK.sources[vendor]}.`,
    table(
      HEADER,
      Object.entries(models).flatMap(([model, row]) => rowsOf(model, row)),
    ),
  );

export function pricesPage(): Map<string, string> {
  const intro =
    `The built-in price book, version ${code(priceBookVersion(PRICE_BOOK))}: US dollars per million tokens. How prices are chosen, stated and refreshed: ` +
    '[prices](../guides/prices.md). What has no row is unknown, and so is a tier of service that a model does not list; a budget in dollars refuses it, or counts it at a ceiling. ' +
    "Of several tiers that hold for a request the last one counts, for the whole request. Calls of the vendor's own tools have these prices where the vendor itself is asked, not a cloud.";
  const sections = Object.entries(PRICE_BOOK.prices).map(section);
  return new Map([['docs/reference/prices.md', page(MARKDOWN_BANNER, '# Prices', intro, ...sections)]]);
}
