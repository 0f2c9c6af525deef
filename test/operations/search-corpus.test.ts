/** Search against a simple reference implementation on both databases, over names in many scripts. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer, CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { plainForm, plainSearch, type SearchedCustomer, searchCorpus } from '../support/search-corpus.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const termsCount = byTier({ quick: 60, full: 300, soak: 5000 });
const corpus = searchCorpus();
const terms = termsFrom(corpus, randomFrom('search terms'));

describeEngines('search over a corpus', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  /** Positions in the corpus, newest customer first. */
  let newestFirst: number[];
  let places: Map<string, number>;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    const created = corpus.map((body) => service.call<Customer>('POST', '/customers', { body }));
    const replies = await Promise.all(created);
    assert.ok(replies.every(({ status }) => status === 201));
    places = new Map(replies.map(({ json }, place) => [json.id, place]));
    newestFirst = await placesIn({});
    assert.equal(newestFirst.length, corpus.length);
  });

  async function placesIn(selection: Record<string, string>): Promise<number[]> {
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string> = {
        ...selection,
        limit: '100',
        ...(cursor === null ? {} : { cursor }),
      };
      const page = await service.call<CustomerList>('GET', '/customers', { query });
      assert.equal(page.status, 200, `${JSON.stringify(selection)}: ${page.text}`);
      seen.push(...page.json.items.map(({ id }) => places.get(id) ?? -1));
      cursor = page.json.nextCursor;
    } while (cursor !== null);
    return seen;
  }

  test('every substring finds the same customers as the reference, each once, newest first', async (t) => {
    let hits = 0;
    let none = 0;
    for (const term of terms) {
      const expected = new Set(plainSearch(corpus, term));
      const inOrder = newestFirst.filter((place) => expected.has(place));
      assert.deepEqual(await placesIn({ q: term }), inOrder, JSON.stringify(term));
      hits += expected.size;
      if (expected.size === 0) none += 1;
    }
    const short = terms.filter((term) => [...plainForm(term)].length < 3).length;
    t.diagnostic(
      `${corpus.length} customers, ${terms.length} terms (${short} of 1 or 2 characters, ${none} without a match), ` +
        `${hits} matches, 0 missing, 0 unexpected`,
    );
    assert.ok(hits > terms.length && none > 0 && short > 0);
  });
});

/** Substrings of the corpus in other cases and compositions, and some that match nothing. */
function termsFrom(customers: readonly SearchedCustomer[], random: Random): string[] {
  const changes = [
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => text.toLowerCase(),
    (text: string) => text.normalize('NFD'),
    (text: string) => text.normalize('NFKC'),
    (text: string) => plainForm(text),
    (text: string) => `${text}${random.pick(['q', '%', '_', '"', '\\', 'ъ', '乙'])}`,
  ];
  const drawn: string[] = [];
  while (drawn.length < termsCount) {
    const { name, email, phone, externalId } = random.pick(customers);
    const text = [...random.pick([name, name, name, email ?? name, phone ?? name, externalId ?? name])];
    const from = random.integer(0, text.length - 1);
    const term = random.pick(changes)(text.slice(from, from + random.integer(1, 9)).join(''));
    if (plainForm(term) !== '') drawn.push(term);
  }
  return drawn;
}
