import fc from 'fast-check';
import type { Body } from './model-requests.ts';

/**
 * Commands before they are applied to a state: `target` picks from the customers that then exist, and tags
 * are current or stale at that time, so that shrunk sequences remain meaningful.
 */
export interface Command {
  /** How far the clock advances before the command. */
  readonly elapsedMs: number;
  readonly choice: Choice;
}

export type Choice =
  | { readonly kind: 'create'; readonly body: Body; readonly validateOnly: boolean; readonly key: Key }
  | {
      readonly kind: 'replace';
      readonly target: number;
      readonly body: Body;
      readonly tag: Tag;
      readonly onlyIfNew: boolean;
      readonly validateOnly: boolean;
    }
  | {
      readonly kind: 'update';
      readonly target: number;
      readonly patch: Body;
      readonly tag: Tag;
      readonly validateOnly: boolean;
    }
  | { readonly kind: 'delete'; readonly target: number; readonly tag: Tag }
  | { readonly kind: 'restore'; readonly target: number; readonly tag: Tag; readonly key: Key }
  | { readonly kind: 'get'; readonly target: number; readonly tag: Tag }
  | ListChoice
  /** The page after an earlier one, of the same query or another. */
  | { readonly kind: 'nextPage'; readonly earlier: number; readonly foreign: boolean }
  /** An earlier write with an Idempotency-Key, repeated exactly. */
  | { readonly kind: 'repeat'; readonly earlier: number };

export interface ListChoice {
  readonly kind: 'list';
  /** `ids` picks customers; times are milliseconds after the start of the sequence. */
  readonly filters: Readonly<Record<string, string | number | readonly number[]>>;
  readonly sort: string;
  readonly limit: number;
  readonly includeTotal: boolean;
}

type Key = string | undefined;

export type Tag = 'none' | 'current' | 'stale' | 'weak' | 'any' | 'several' | 'malformed';

/**
 * Some fold to the same, some sort differently in UTF-16 and UTF-8, two differ only after 100 code points.
 */
const names = [
  ...['Zoë', 'zoe', 'ZOE', 'Ärger', 'arger', 'Ａda', 'Łódź', '\u{1f600}', '\ue000'],
  ...[`${'x'.repeat(99)}éA`, `${'X'.repeat(99)}eB`],
];

/** Parts of names, emails, phones and external ids, folded in several ways; some of one or two characters. */
const terms = [
  ...[
    'zoë',
    'ZO',
    'arg',
    'Ａ',
    'lodz',
    '\u{1f600}',
    'XXX',
    'eb',
    'example.com',
    '@EXAMPLE.org',
    'c@d',
    '+49302',
  ],
  ...['5501', 'crm:', 'A_B', '_', '%', 'a.b.c', 'zoe\u0308@'],
];
/** Three addresses in several spellings. */
const emails = [
  'ada@example.com',
  'Ada@Example.COM',
  'zo\u00eb@example.org',
  'zoe\u0308@example.org',
  'c@d.example',
];
const externalIds = ['crm:1', 'CRM:1', 'a_b.c'];
const phones = ['+4930231250', '+15550100'];
const tagSets = [[], ['vip'], ['vip', 'Ünïcode "quoted"'], ['Ünïcode "quoted"', 'vip'], ['vip\\', '\u2028']];
const notes = [
  '\u0001\u001f\b\f\n\r\t"\\/\u007f\u2028\u{1f600}',
  '{"json": [1]}',
  "'; DROP TABLE customers --",
];
const places = ['Wien', 'Køge\n\u0007'];
const countries = ['AT', 'DK'];
const locales = ['de-AT', 'da'];
const metadataKeys = ['tier', '10', '2', 'a.b'];
const metadataValues = ['', 'gold', '\u0002', 'é"\\'];
const keys = ['key-1', 'key-2', 'key-3'];

const pick = <T>(values: readonly T[]) => fc.constantFrom(...values);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const rare = (parts: number) => fc.nat({ max: parts }).map((value) => value === parts);

const metadata = fc.dictionary(pick(metadataKeys), pick(metadataValues), {
  maxKeys: 3,
  noNullPrototype: true,
});
const address = fc.record(
  { line1: pick(places), city: fc.option(pick(places)), country: pick(countries) },
  { requiredKeys: [] },
);

const body = fc.record(
  {
    name: fc.oneof({ arbitrary: pick(names), weight: 30 }, { arbitrary: fc.constant(''), weight: 1 }),
    email: fc.oneof(
      { arbitrary: fc.option(pick(emails)), weight: 30 },
      { arbitrary: fc.constant('no address'), weight: 1 },
    ),
    externalId: fc.option(pick(externalIds), { freq: 2 }),
    type: pick(['person', 'organization']),
    status: pick(['active', 'inactive']),
    phone: fc.option(pick(phones)),
    locale: fc.option(pick(locales)),
    timeZone: fc.option(pick(['Europe/Vienna', 'UTC'])),
    address: fc.option(address),
    tags: pick(tagSets),
    note: fc.option(pick(notes)),
    metadata,
  },
  { requiredKeys: ['name'] },
);

const patch = fc.record(
  {
    name: fc.oneof(
      { arbitrary: pick(names), weight: 20 },
      { arbitrary: fc.constant(null as unknown), weight: 1 },
    ),
    email: fc.option(pick(emails)),
    externalId: fc.option(pick(externalIds)),
    status: fc.oneof(
      { arbitrary: pick(['active', 'inactive']), weight: 20 },
      { arbitrary: fc.constant(null as unknown), weight: 1 },
    ),
    type: pick(['person', 'organization']),
    phone: fc.option(pick(phones)),
    address: fc.option(
      fc.record(
        {
          line1: fc.option(pick(places)),
          city: fc.option(pick(places)),
          country: fc.option(pick(countries)),
        },
        { requiredKeys: [] },
      ),
    ),
    tags: fc.option(pick(tagSets)),
    note: fc.option(pick(notes)),
    metadata: fc.option(
      fc.dictionary(pick(metadataKeys), fc.option(pick(metadataValues), { freq: 1 }), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    ),
  },
  { requiredKeys: [] },
);

const target = fc.nat({ max: 11 });
const validateOnly = rare(8);
const tag: fc.Arbitrary<Tag> = fc.oneof(
  { arbitrary: pick<Tag>(['none', 'current']), weight: 12 },
  { arbitrary: pick<Tag>(['stale', 'any', 'several']), weight: 4 },
  { arbitrary: pick<Tag>(['weak', 'malformed']), weight: 1 },
);
const time = fc.integer({ min: -2000, max: 60_000 }).map((half) => half / 2);

const filterValues = {
  id: fc.array(target, { minLength: 1, maxLength: 5 }),
  email: pick(emails),
  externalId: pick(externalIds),
  phone: pick(phones),
  status: pick(['active', 'inactive']),
  type: pick(['person', 'organization']),
  tag: pick(['vip', 'Ünïcode "quoted"', '\u2028', 'Vip']),
  q: pick(terms),
  ...{ createdAfter: time, createdBefore: time, updatedAfter: time, updatedBefore: time },
};
const filterNames = Object.keys(filterValues) as (keyof typeof filterValues)[];

/** At most two in addition to includeDeleted, because more never match anything. */
const filters = fc
  .tuple(fc.record(filterValues), fc.shuffledSubarray(filterNames, { maxLength: 2 }), fc.boolean())
  .map(([values, chosen, includeDeleted]) => ({
    ...Object.fromEntries(chosen.map((name) => [name, values[name]])),
    ...(includeDeleted ? { includeDeleted: 'true' } : {}),
  }));

const list: fc.Arbitrary<ListChoice> = fc
  .record({
    filters,
    sort: pick(['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name']),
    limit: pick([1, 2, 3, 5, 100]),
    includeTotal: fc.boolean(),
  })
  .map((choice) => ({
    kind: 'list',
    ...choice,
    sort: sortFor(choice.filters, choice.sort, choice.limit),
  }));

/** A search supports only one order; others are tried occasionally, to be refused. */
function sortFor(filters: object, sort: string, limit: number): string {
  return 'q' in filters && limit !== 2 ? sort.replace(/\w+$/, 'createdAt') : sort;
}

const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const choice: fc.Arbitrary<Choice> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ kind: kind('create'), body, validateOnly, key: rarely(pick(keys)) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: kind('replace'), target, body, tag, onlyIfNew: rare(2), validateOnly }),
  },
  { weight: 6, arbitrary: fc.record({ kind: kind('update'), target, patch, tag, validateOnly }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('delete'), target, tag }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('restore'), target, tag, key: rarely(pick(keys)) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('get'), target, tag }) },
  { weight: 4, arbitrary: list },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('nextPage'), earlier: fc.nat({ max: 9 }), foreign: rare(3) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('repeat'), earlier: fc.nat({ max: 9 }) }) },
);

/** Often zero, so that times tie; sometimes so long that a stored response expires. */
const elapsedMs = fc.oneof(
  { weight: 12, arbitrary: pick([0, 1, 700]) },
  { weight: 1, arbitrary: fc.constant(13 * 3_600_000) },
);

/** Up to `lengthMax` commands, with all lengths equally likely. */
export function commandSequences(lengthMax: number): fc.Arbitrary<Command[]> {
  return fc.noBias(
    fc.array(fc.record({ elapsedMs, choice }), { minLength: 1, maxLength: lengthMax, size: 'max' }),
  );
}
