/**
 * Cuts a policy into named sections and puts it together again, so that a change travels as the sections that differ. The section
 * `base` lists the names of all others in the order in which their contents stand in the policy.
 */
import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import {
  PART_NAMES,
  PARTS,
  type Part,
  type PartEntry,
  POLICY_FORMAT_VERSION,
  type Policy,
  policy as policySchema,
} from './policy.ts';
import { sha256 } from './sha256.ts';

export interface Section {
  /** SHA-256 of `json`. */
  readonly hash: string;
  /** Canonical JSON. */
  readonly json: string;
}

export type Sections = ReadonlyMap<string, Section>;

const BASE = 'base';

/** By part, so that an entry fits its row. */
const ROWS: { readonly [P in Part]: { readonly prefix: string; readonly id: (entry: PartEntry[P]) => string } } = PARTS;

const baseSchema = z.object({
  formatVersion: z.number(),
  sources: z.array(z.unknown()),
  attribution: z.unknown(),
  priceBook: z.string().optional(),
  sections: z.array(z.string()),
});

export const sectionOf = (json: string): Section => ({ hash: sha256(json), json });

function addPart<P extends Part>(
  sections: Map<string, Section>,
  part: P,
  policy: { readonly [Q in Part]: readonly PartEntry[Q][] },
): void {
  const { prefix, id } = ROWS[part];
  for (const entry of policy[part]) {
    const name = `${prefix}/${id(entry)}`;
    // Names are unique in what the compiler makes; the suffix keeps any other policy whole too.
    let free = name;
    for (let copy = 2; sections.has(free); copy++) free = `${name}#${copy}`;
    sections.set(free, sectionOf(canonicalJson(entry)));
  }
}

/** `base`, `provider/<ns>/<name>`, `route/<ns>/<name>`, `modelRule/<ns>/<policy>`, `requirements/<ns>/<policy>`, `guardrail/<ns>/<policy>/<name>`, `budget/<id>`, `key/<ns>/<key>`. */
export function sectionsOf(policy: Policy): Sections {
  const parts = new Map<string, Section>();
  for (const part of PART_NAMES) addPart(parts, part, policy);
  const { formatVersion, sources, attribution, priceBook } = policy;
  const base = { formatVersion, sources, attribution, priceBook, sections: [...parts.keys()] };
  return new Map([[BASE, sectionOf(canonicalJson(base))], ...parts]);
}

/** Changes exactly when a section comes, goes or changes. 64 hex digits. */
export function sectionsHash(sections: Sections): string {
  const lines = [...sections].map(([name, section]) => `${JSON.stringify(name)} ${section.hash}\n`);
  return sha256(lines.sort().join(''));
}

const partOf = (name: string): Part | undefined => {
  const prefix = name.slice(0, name.indexOf('/'));
  return PART_NAMES.find((part) => PARTS[part].prefix === prefix);
};

function contentOf(sections: Sections, name: string): unknown {
  const section = sections.get(name);
  if (!section) throw new Error(`section ${name} is missing`);
  try {
    return JSON.parse(section.json);
  } catch {
    throw new Error(`section ${name} is not JSON`);
  }
}

function readBase(sections: Sections): z.infer<typeof baseSchema> {
  const base = baseSchema.safeParse(contentOf(sections, BASE));
  if (!base.success) throw new Error('section base is malformed');
  const { formatVersion } = base.data;
  if (formatVersion !== POLICY_FORMAT_VERSION)
    throw new Error(
      `policy format ${formatVersion} is not understood; this build reads format ${POLICY_FORMAT_VERSION}`,
    );
  return base.data;
}

/** The policy that was cut into these sections. Throws one sentence when a section is missing, left over or malformed. */
export function assemblePolicy(sections: Sections): Policy {
  const base = readBase(sections);
  const listed = new Set(base.sections);
  const surplus = [...sections.keys()].find((name) => name !== BASE && !listed.has(name));
  if (surplus !== undefined) throw new Error(`section ${surplus} belongs to no policy`);
  const parts = new Map(PART_NAMES.map((part): [Part, unknown[]] => [part, []]));
  for (const name of base.sections) {
    const part = partOf(name);
    const entries = part && parts.get(part);
    if (!entries) throw new Error(`section ${name} is of an unknown kind`);
    entries.push(contentOf(sections, name));
  }
  const { formatVersion, sources, attribution, priceBook } = base;
  const fields = { formatVersion, sources, attribution, ...(priceBook !== undefined && { priceBook }) };
  const parsed = policySchema.safeParse({ ...fields, ...Object.fromEntries(parts) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`policy is malformed at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

export interface SectionsDiff {
  readonly changed: readonly (Section & { readonly name: string })[];
  readonly removed: readonly string[];
}

/** What brings a holder of `held` (hash per section name) to `wanted`. */
export function diffSections(held: ReadonlyMap<string, string>, wanted: Sections): SectionsDiff {
  const changed = [...wanted].filter(([name, section]) => held.get(name) !== section.hash);
  return {
    changed: changed.map(([name, section]) => ({ name, ...section })),
    removed: [...held.keys()].filter((name) => !wanted.has(name)),
  };
}

/** Hash per section name: what a holder tells about itself. */
export const heldOf = (sections: Sections): Map<string, string> =>
  new Map([...sections].map(([name, section]) => [name, section.hash]));
