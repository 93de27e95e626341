/** Masks or blocks what a model answers, whole or while it streams; a stream releases exactly what masking the whole answer gives. */

import type { PolicyGuardrail } from '#contract/policy/policy';
import type { Choice } from '#sidecar/canonical/chat-response';
import type { ApiMembers } from '#sidecar/canonical/extensions';
import { mapPartText } from '#sidecar/canonical/map-text';
import type { Part } from '#sidecar/canonical/part';
import type { CanonicalResponse } from '#sidecar/canonical/request';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { flatMapEach, foldEach, mapEach } from '#sidecar/canonical/walk';
import type { OutputGuard, OutputVerdict, StreamInspector } from './guardrail.ts';
import { HeldMembers, type MaskPieces } from './held-members.ts';
import { pushWithin } from './sliced-scan.ts';
import { type ScanRules, TextScanner } from './text-scanner.ts';

export const outputGuard = (rules: ScanRules): Omit<OutputGuard, 'guardrails'> => ({
  whole: (response) => inspectWhole(response, rules),
  stream: () => new StreamGuard(rules),
});

function inspectWhole<A extends CanonicalResponse>(response: A, rules: ScanRules): OutputVerdict<A> {
  const fired = new Set<PolicyGuardrail>();
  const choices = response.choices && mapEach(response.choices, (choice) => inspectChoice(choice, rules, fired));
  // What stands beside all choices, such as what a search found.
  const members = response.extensions && maskMembers(response.extensions, rules, fired);
  const extensions = members?.blocked ? {} : members?.extensions;
  return {
    response: {
      ...response,
      ...(choices !== undefined && { choices }),
      ...(extensions !== undefined && { extensions }),
    },
    fired: [...fired],
  };
}

function inspectChoice(choice: Choice, rules: ScanRules, fired: Set<PolicyGuardrail>): Choice {
  const { parts, blocked } = maskParts(choice.parts, rules, fired);
  const members = maskMembers(choice.extensions ?? {}, rules, fired);
  // Log probabilities spell out the tokens of the text that was masked.
  const { logprobs: _, extensions, ...rest } = choice;
  if (blocked || members.blocked) return { ...rest, parts: [], finishReason: 'content-filter' };
  return { ...rest, parts, ...(extensions !== undefined && { extensions: members.extensions }) };
}

/** What one API says of a choice beside its parts may repeat what the model wrote. */
function maskMembers(
  extensions: ApiMembers,
  rules: ScanRules,
  fired: Set<PolicyGuardrail>,
): { readonly extensions: ApiMembers; readonly blocked: boolean } {
  const held = Object.entries(extensions).map(([api, value = {}]) => ({ type: 'opaque', api, value }) as const);
  const { parts, blocked } = maskParts(held, rules, fired);
  const masked = parts.flatMap((part) => (part.type === 'opaque' ? [[part.api, part.value] as const] : []));
  return { extensions: Object.fromEntries(masked), blocked };
}

function maskParts(
  parts: readonly Part[],
  rules: ScanRules,
  fired: Set<PolicyGuardrail>,
): { readonly parts: readonly Part[]; readonly blocked: boolean } {
  const start = () => ({ masking: new Masking(rules, fired), masked: [] as Part[] });
  const { masking, masked } = foldEach(runsOf(parts), start, (state, run) => {
    const texts = state.masking.pieces(mapEach(run, (part) => (part.type === 'text' ? part.text : '')));
    const parts = flatMapEach(run, (part, index) => maskPart(part, state.masking.text, texts[index]));
    for (const part of parts) state.masked.push(part);
  });
  return { parts: masked, blocked: masking.blocked };
}

/** Masks whole texts, and remembers whether one was blocked. */
class Masking {
  readonly #rules: ScanRules;
  readonly #fired: Set<PolicyGuardrail>;
  blocked = false;

  constructor(rules: ScanRules, fired: Set<PolicyGuardrail>) {
    this.#rules = rules;
    this.#fired = fired;
  }

  readonly text = (text: string): string => {
    const [released = ''] = this.pieces([text]);
    return released;
  };

  /** Of one text. */
  readonly pieces: MaskPieces = (pieces) => {
    const start = () => ({ scanner: new TextScanner(this.#rules, this.#fired), released: [] as string[] });
    const { scanner, released } = foldEach(pieces, start, (state, piece, index) => {
      const text = pushWithin(state.scanner, piece, this.#rules);
      state.released.push(index === pieces.length - 1 ? text + state.scanner.end() : text);
    });
    this.blocked ||= scanner.blocked;
    return released;
  };
}

/** `text`: what is left of its text, where it is one. */
function maskPart(part: Part, mask: (text: string) => string, text = ''): readonly Part[] {
  if (part.type !== 'text') return mapPartText(part, mask);
  return mapPartText({ ...part, text: '' }, mask).map((masked) => ({ ...masked, text }));
}

/** Neighbouring texts together: clients join them, as a stream does, and what is looked for must not hide between two. */
function runsOf(parts: readonly Part[]): readonly (readonly Part[])[] {
  const start = (): Part[][] => [];
  return foldEach(parts, start, (runs, part, index) => {
    const run = runs.at(-1);
    if (run !== undefined && part.type === 'text' && parts[index - 1]?.type === 'text') run.push(part);
    else runs.push([part]);
  });
}

type DeltaEvent = Extract<
  StreamEvent,
  { type: 'text-delta' | 'reasoning-delta' | 'refusal-delta' | 'tool-call-delta' }
>;

interface Channel {
  readonly scanner: TextScanner;
  readonly emit: (text: string) => DeltaEvent;
}

class StreamGuard implements StreamInspector {
  readonly #rules: ScanRules;
  readonly #fired = new Set<PolicyGuardrail>();
  /** One text per choice and block; a choice that was blocked has none any more. */
  readonly #channels = new Map<number, Map<string, Channel>>();
  readonly #blocked = new Set<number>();
  readonly #held = new Map<number, HeldMembers>();

  constructor(rules: ScanRules) {
    this.#rules = rules;
  }

  get fired(): readonly PolicyGuardrail[] {
    return [...this.#fired];
  }

  step(event: StreamEvent): readonly StreamEvent[] {
    if (event.type === 'response-end' || event.type === 'error') return [...this.#endAll(), event];
    if (!('choice' in event)) return [this.#withoutFinds(event)];
    if (this.#blocked.has(event.choice)) return [];
    switch (event.type) {
      case 'text-delta':
        return this.#delta(event.choice, 'text', event.text, (text) => ({
          type: 'text-delta',
          choice: event.choice,
          text,
        }));
      case 'reasoning-delta':
        return this.#delta(event.choice, 'reasoning', event.text, (text) => ({ ...event, text }));
      case 'refusal-delta':
        return this.#delta(event.choice, 'refusal', event.text, (text) => ({ ...event, text }));
      case 'tool-call-delta':
        return this.#delta(event.choice, `tool ${event.index}`, event.arguments, (text) => ({
          ...event,
          arguments: text,
        }));
      case 'opaque-part':
        return this.#opaque(event);
      case 'members':
        return this.#members(event);
      case 'finish':
        return this.#end(event.choice, [this.#withoutFinds(event)]);
      default:
        return this.#orStop(event.choice, [...this.#endProse(event.choice, ''), this.#withoutFinds(event)]);
    }
  }

  #delta(choice: number, block: string, piece: string, emit: (text: string) => DeltaEvent): readonly StreamEvent[] {
    const channels = this.#channels.get(choice) ?? new Map<string, Channel>();
    this.#channels.set(choice, channels);
    const released = block.startsWith('tool') ? [] : this.#endProse(choice, block);
    const channel = channels.get(block) ?? { scanner: new TextScanner(this.#rules, this.#fired), emit };
    channels.set(block, channel);
    const text = channel.scanner.push(piece);
    return this.#orStop(choice, text === '' ? released : [...released, emit(text)]);
  }

  /** Comes whole, so that it is inspected at once. */
  #opaque({ choice, part }: Extract<StreamEvent, { type: 'opaque-part' }>): readonly StreamEvent[] {
    const released = this.#endProse(choice);
    const { parts, blocked } = maskParts([part], this.#rules, this.#fired);
    const masked = parts.flatMap((each) =>
      each.type === 'opaque' ? [{ type: 'opaque-part', choice, part: each } as const] : [],
    );
    return blocked ? [...released, ...this.#stop(choice)] : this.#orStop(choice, [...released, ...masked]);
  }

  /** They come between the pieces of a text that goes on, and may be pieces themselves. */
  #members({ choice, extensions }: Extract<StreamEvent, { type: 'members' }>): readonly StreamEvent[] {
    const held = this.#held.get(choice) ?? new HeldMembers();
    this.#held.set(choice, held);
    // What is blocked already need not wait for the end.
    const fits = held.hold(extensions) && !maskMembers(extensions, this.#rules, this.#fired).blocked;
    return fits ? [] : this.#stop(choice);
  }

  /** What the choice has held back goes before `last`. */
  #end(choice: number, last: readonly StreamEvent[]): readonly StreamEvent[] {
    const prose = this.#orStop(choice, this.#endChoice(choice));
    const held = this.#held.get(choice);
    this.#held.delete(choice);
    if (this.#blocked.has(choice)) return prose;
    if (held === undefined) return [...prose, ...last];
    const masking = new Masking(this.#rules, this.#fired);
    const released = held.release(masking.pieces);
    if (masking.blocked) return [...prose, ...this.#stop(choice)];
    return [...prose, ...released.map((extensions) => ({ type: 'members', choice, extensions }) as const), ...last];
  }

  /** What one API says of a call, an end or the usage comes whole. */
  #withoutFinds<E extends StreamEvent>(event: E): E {
    if (!('extensions' in event) || event.extensions === undefined) return event;
    const { extensions, blocked } = maskMembers(event.extensions, this.#rules, this.#fired);
    return { ...event, extensions: blocked ? {} : extensions };
  }

  #stop(choice: number): readonly StreamEvent[] {
    this.#blocked.add(choice);
    this.#channels.delete(choice);
    this.#held.delete(choice);
    return [{ type: 'finish', choice, reason: 'content-filter' }];
  }

  /** Another block begins (`next`, or one without words): what the former held back goes first. Tool calls may interleave, so they wait for the finish. */
  #endProse(choice: number, next?: string): readonly StreamEvent[] {
    const former = [...(this.#channels.get(choice)?.keys() ?? [])].filter(
      (key) => key !== next && !key.startsWith('tool'),
    );
    return former.flatMap((key) => this.#endChannel(choice, key));
  }

  #endChannel(choice: number, key: string): readonly StreamEvent[] {
    const channel = this.#channels.get(choice)?.get(key);
    if (channel === undefined) return [];
    const text = channel.scanner.end();
    if (!channel.scanner.blocked) this.#channels.get(choice)?.delete(key);
    return text === '' ? [] : [channel.emit(text)];
  }

  #endChoice(choice: number): readonly StreamEvent[] {
    return [...(this.#channels.get(choice)?.keys() ?? [])].flatMap((key) => this.#endChannel(choice, key));
  }

  #endAll(): readonly StreamEvent[] {
    const open = new Set([...this.#channels.keys(), ...this.#held.keys()]);
    return [...open].flatMap((choice) => this.#end(choice, []));
  }

  /** Ends a choice in which something was blocked: nothing of it follows but its finish. */
  #orStop(choice: number, events: readonly StreamEvent[]): readonly StreamEvent[] {
    const isBlocked = [...(this.#channels.get(choice)?.values() ?? [])].some((channel) => channel.scanner.blocked);
    if (!isBlocked) return events;
    this.#blocked.add(choice);
    this.#channels.delete(choice);
    return [...events.filter((event) => event.type !== 'finish'), { type: 'finish', choice, reason: 'content-filter' }];
  }
}
