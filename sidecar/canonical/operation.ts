/** What the stages need to know of an operation, as data, so that none of them asks which one it has. A new operation is a row here, and a dialect and a wire that serve it. */

import { estimateTokens } from './count-tokens.ts';
import type { KeptOperation, KeptRequest } from './kept-request.ts';
import { mapEmbeddingsText, mapJsonText, mapRequestText, type TextChange } from './map-text.ts';
import type { CanonicalRequest, OperationName, RequestOf, ResponseOf } from './request.ts';
import { NO_USAGE } from './usage.ts';
import type { VerbatimOperation, VerbatimRequest } from './verbatim-request.ts';
import { mapEach } from './walk.ts';

export interface Operation {
  /** The request with each text replaced that a person, a tool or a model may have written. */
  mapText(request: CanonicalRequest, change: TextChange): CanonicalRequest;
  /** Path of text that is there in a form which nobody can inspect, such as token ids or a picture. */
  unreadableText?(request: CanonicalRequest): string | undefined;
  /** Path of text that can be read, and sent only as it is. */
  fixedText?(request: CanonicalRequest): string | undefined;
  /** Text that a model wrote into the answer. `inspected`: in `choices` and the events of a stream; `unread`: where we do not look for it. */
  readonly answerText: 'none' | 'inspected' | 'unread';
  /** Answers of different models cannot be used together, so that no other model may stand in for the first one of a route. */
  readonly isBoundToModel: boolean;
  /**
   * What providers bill: tokens; nothing; or by the image, the character spoken, the length of audio, which some models count in tokens
   * of their own price; or in a way that no price here tells.
   */
  readonly billed: 'tokens' | 'nothing' | 'image' | 'character' | 'audio' | 'otherwise';
  /** How many images or characters are billed. */
  pieces?(request: CanonicalRequest): number;
  /** The most input tokens that a model reads, where the bytes of the request do not bound them. */
  readonly inputTokens?: number;
  /** It is about what an account keeps: no model decides where it goes, and no budget counts it. */
  readonly isAboutKept?: true;
  /** Makes the provider spend later, which nobody can bound now. */
  readonly spendsLater?: true;
  /** How many output tokens its answers may have; without it they have none. */
  outputTokens?(request: CanonicalRequest): OutputTokens;
  /** What is answered in place of a target whose API does not know the operation, and named as an estimate. */
  estimate?(request: CanonicalRequest): EstimatedAnswer;
}

interface OutputTokens {
  /** Of one answer. */
  readonly atMost: number;
  /** Nobody holds the provider to it yet: where a budget must know a maximum, the request has to state it. */
  readonly mustBeStated: boolean;
  readonly answers: number;
}

type Bounded = { readonly maxOutputTokens?: number; readonly choiceCount?: number };

const textTokens =
  (byDefault: number) =>
  ({ maxOutputTokens, choiceCount = 1 }: Bounded): OutputTokens => ({
    atMost: maxOutputTokens ?? byDefault,
    mustBeStated: maxOutputTokens === undefined,
    answers: choiceCount,
  });

/** Of one image; OpenAI documents 6,240 for the largest at the highest quality (platform.openai.com, Image generation). */
const IMAGE_TOKENS = 8_192;
/** Of gpt-4o-transcribe: audio compresses to less than a byte per token, so that its context is the bound (platform.openai.com, Models). */
const TRANSCRIBED_TOKENS = 16_000;
/** Twice what OpenAI documents. */
const TRANSCRIPT_TOKENS = 4_096;

/** The API's own limit; a higher number is refused there, and must not reserve a fortune here. */
const MOST_IMAGES = 10;

const imageTokens = ({ body }: Pick<VerbatimRequest, 'body'>): OutputTokens => ({
  atMost: IMAGE_TOKENS,
  mustBeStated: false,
  answers: imagesAsked({ body }),
});

/** In a form all values are text. What is no number here may be one to a more lenient reader, such as `1_0`: the most is asked for then. */
function imagesAsked({ body }: Pick<VerbatimRequest, 'body'>): number {
  const count = Number(body.n ?? 1);
  return Number.isNaN(count) ? MOST_IMAGES : Math.min(MOST_IMAGES, Math.max(1, Math.ceil(count)));
}

/** UTF-16 units, of which no character has fewer than one. */
const charactersSpoken = ({ body }: Pick<VerbatimRequest, 'body'>): number =>
  typeof body.input === 'string' ? body.input.length : 0;

const transcribed = {
  answerText: 'unread',
  isBoundToModel: false,
  billed: 'audio',
  inputTokens: TRANSCRIBED_TOKENS,
  outputTokens: () => ({ atMost: TRANSCRIPT_TOKENS, mustBeStated: false, answers: 1 }),
} as const;

interface EstimatedAnswer {
  readonly response: ResponseOf<'count_tokens'>;
  /** What of the answer is estimated, in canonical words. */
  readonly what: string;
}

/** The same with the request's own type; its methods are called with requests of that operation alone. */
interface Row<O extends OperationName> extends Operation {
  mapText(request: RequestOf<O>, change: TextChange): RequestOf<O>;
  unreadableText?(request: RequestOf<O>): string | undefined;
  fixedText?(request: RequestOf<O>): string | undefined;
  outputTokens?(request: RequestOf<O>): OutputTokens;
  pieces?(request: RequestOf<O>): number;
  estimate?(request: RequestOf<O>): EstimatedAnswer;
}

const verbatim = <O extends VerbatimOperation>(row: Omit<Row<O>, 'mapText'>): Row<O> => ({
  ...row,
  // The model is a name and no text.
  mapText: (request, change) => ({ ...request, body: { ...mapJsonText(request.body, change), model: request.model } }),
});

const kept = <O extends KeptOperation>(row: Pick<Row<O>, 'answerText' | 'billed' | 'spendsLater'>): Row<O> => ({
  ...row,
  mapText: (request, change) => ({
    ...request,
    body: mapJsonText(request.body, change),
    ...(request.file?.lines && { file: { lines: mapEach(request.file.lines, (line) => mapJsonText(line, change)) } }),
  }),
  unreadableText: ({ file }) => (file !== undefined && file.lines === undefined ? 'file' : undefined),
  fixedText: ({ file }) => (file === undefined ? undefined : 'file'),
  isAboutKept: true,
  isBoundToModel: false,
});

/** Text, or tokens of text, alone or in an array. */
const isTokens = (value: unknown): boolean =>
  Array.isArray(value) && value.some((item) => typeof item === 'number' || isTokens(item));

const OPERATIONS: { readonly [O in OperationName]: Row<O> } = {
  chat: {
    mapText: mapRequestText,
    answerText: 'inspected',
    isBoundToModel: false,
    billed: 'tokens',
    outputTokens: textTokens(4096),
  },
  text_completion: verbatim({
    unreadableText: ({ body }) => (isTokens(body.prompt) ? 'prompt' : undefined),
    answerText: 'inspected',
    isBoundToModel: false,
    billed: 'tokens',
    // The API's own default.
    outputTokens: textTokens(16),
  }),
  embeddings: {
    mapText: mapEmbeddingsText,
    unreadableText: ({ input }) => (input.kind === 'tokens' ? 'input' : undefined),
    answerText: 'none',
    isBoundToModel: true,
    billed: 'tokens',
  },
  rerank: verbatim({ answerText: 'none', isBoundToModel: false, billed: 'tokens' }),
  count_tokens: verbatim({
    answerText: 'none',
    isBoundToModel: false,
    billed: 'nothing',
    estimate: ({ body: { model: _, ...counted } }) => ({
      response: { model: '', inputTokens: estimateTokens(counted), usage: NO_USAGE },
      what: 'input_tokens',
    }),
  }),
  moderation: verbatim({ answerText: 'none', isBoundToModel: false, billed: 'tokens' }),
  image_generation: verbatim({
    answerText: 'none',
    isBoundToModel: false,
    billed: 'image',
    pieces: imagesAsked,
    outputTokens: imageTokens,
  }),
  speech: verbatim({ answerText: 'none', isBoundToModel: false, billed: 'character', pieces: charactersSpoken }),
  transcription: verbatim(transcribed),
  translation: verbatim(transcribed),
  file_upload: kept({ answerText: 'none', billed: 'nothing' }),
  batch_creation: kept({ answerText: 'none', billed: 'otherwise', spendsLater: true }),
  batch: kept({ answerText: 'none', billed: 'otherwise' }),
  kept_object: kept({ answerText: 'none', billed: 'nothing' }),
  kept_content: kept({ answerText: 'unread', billed: 'nothing' }),
};

export const operationOf = ({ operation }: Pick<CanonicalRequest, 'operation'>): Operation => OPERATIONS[operation];

const BY_THE_PIECE: ReadonlySet<Operation['billed']> = new Set(['image', 'character', 'audio']);

/** One answer costs what many of text do: what may be billed already is not asked for once more at the same place. */
export const isBilledByPiece = (request: CanonicalRequest): boolean => BY_THE_PIECE.has(operationOf(request).billed);

export const isAboutKept = (request: CanonicalRequest): request is KeptRequest =>
  operationOf(request).isAboutKept === true;
