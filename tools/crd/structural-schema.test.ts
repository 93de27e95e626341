import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { kubernetes, matching, setOf, withRules } from '#contract/resources/validation';
import { NotStructural, structuralSchema } from './structural-schema.ts';

const refuses = (schema: z.ZodType, message: RegExp) =>
  assert.throws(
    () => structuralSchema(z.object({ a: z.object({ b: schema }) }), 'spec'),
    (error) => {
      assert.ok(error instanceof NotStructural);
      assert.match(error.message, message);
      return true;
    },
  );

describe('structuralSchema()', () => {
  it('keeps descriptions, bounds, enums, defaults and what is required', () => {
    const schema = z.object({
      a: z.enum(['x', 'y']).default('x').describe('A.'),
      b: z.number().int().min(1).max(9),
    });
    assert.deepEqual(structuralSchema(schema, 'spec'), {
      type: 'object',
      required: ['b'],
      properties: {
        a: { description: 'A.', type: 'string', enum: ['x', 'y'], default: 'x' },
        b: { type: 'integer', format: 'int64', minimum: 1, maximum: 9 },
      },
    });
  });

  it('leaves out the bounds of an integer that only say what a double can hold', () => {
    assert.deepEqual(structuralSchema(z.object({ a: z.number().int().optional() }), 'spec').properties, {
      a: { type: 'integer', format: 'int64' },
    });
  });

  it('writes a regular expression as a CEL rule with a sentence', () => {
    const text = matching(/^a\/'\d$/, 9, 'must be so');
    assert.deepEqual(structuralSchema(z.object({ text }), 'spec').properties?.text, {
      type: 'string',
      minLength: 1,
      maxLength: 9,
      'x-kubernetes-validations': [{ rule: String.raw`self.matches('^a/\'\\d$')`, message: 'must be so' }],
    });
  });

  it('writes list types, and no least number of items that is 0', () => {
    assert.deepEqual(
      structuralSchema(z.object({ a: setOf(z.enum(['x']), { max: 2 }).optional() }), 'spec').properties,
      {
        a: { type: 'array', maxItems: 2, items: { type: 'string', enum: ['x'] }, 'x-kubernetes-list-type': 'set' },
      },
    );
  });

  it('refuses unions, naming the field', () => {
    refuses(z.union([z.string(), z.number()]), /^spec\.a\.b: a union is not structural/);
    refuses(z.discriminatedUnion('t', [z.object({ t: z.literal('x') }), z.object({ t: z.literal('y') })]), /union/);
  });

  it('refuses an int-or-string without bounds', () => {
    const open = z.union([z.number().int(), z.string()]).meta(kubernetes({ intOrString: true }));
    refuses(open, /spec\.a\.b: intOrString needs bounds/);
    refuses(z.string().meta(kubernetes({ intOrString: true })), /needs a union of an integer and a string/);
  });

  it('refuses what becomes $ref', () => {
    refuses(z.object({ c: z.string() }).meta({ id: 'structural-schema-test' }), /spec\.a\.b: .*\$ref/);
  });

  it('refuses objects that take other members too', () => {
    refuses(z.looseObject({ c: z.string() }), /spec\.a\.b: additionalProperties beside properties/);
    refuses(z.strictObject({ c: z.string() }), /spec\.a\.b: additionalProperties beside properties/);
  });

  it('refuses a bare pattern, a list without a type, null and fractions', () => {
    refuses(z.string().regex(/^a$/), /spec\.a\.b: a bare pattern/);
    refuses(z.array(z.string()), /spec\.a\.b: a list needs a list type/);
    refuses(z.string().nullable(), /spec\.a\.b: null is not a value/);
    refuses(z.number(), /spec\.a\.b: the type number has no counterpart/);
  });

  it('refuses an expression that RE2 does not understand', () => {
    refuses(matching(/^(?=a)a$/, 9, 'a'), /spec\.a\.b: RE2 does not understand/);
    refuses(matching(/^(a)\1$/, 9, 'a'), /spec\.a\.b: RE2 does not understand/);
  });
});

describe('withRules()', () => {
  it('says the sentence of the rule that does not hold', () => {
    const schema = withRules(z.object({ a: z.number() }), [
      { rule: 'self.a > 0', message: 'a > 0', holds: ({ a }) => a > 0 },
    ]);
    assert.equal(schema.safeParse({ a: 0 }).error?.issues[0]?.message, 'a > 0');
    assert.ok(schema.safeParse({ a: 1 }).success);
  });
});
