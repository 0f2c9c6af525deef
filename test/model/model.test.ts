/** Random command sequences on both databases in lockstep, compared with an in-memory model. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { randomFrom } from '../support/random.ts';
import { byTier, tier } from '../support/tier.ts';
import { commandSequences } from './command-sequences.ts';
import { startLockstep } from './lockstep.ts';
import { runSequence } from './sequence-run.ts';

const soak = tier === 'soak';
const batches = byTier({ quick: 1, full: 4, soak: 50 });
const sequencesPerBatch = soak ? 100 : 50;
const commandsMax = 50;

/** Results that must occur for a run to be meaningful. */
const outcomesNeeded = [
  ...['create 201', 'create 201 replayed', 'create 409 email_taken', 'create 422 idempotency_key_reused'],
  ...['replace 201', 'replace 200', 'replace 404 customer_not_found', 'replace 412 precondition_failed'],
  ...['update 200', 'update 409 external_id_taken', 'update 410 customer_deleted', 'delete 204'],
  ...['restore 200', 'restore 200 replayed', 'restore 409 email_taken', 'get 200', 'get 304', 'list 200'],
  ...[
    'list 400 invalid_request',
    'list 400 invalid_cursor',
    'update 428 precondition_required',
    'delete 400 malformed_request',
  ],
];

describe('random sequences of commands on both databases and in a model', () => {
  const statuses = new Map<string, number>();
  let sequences = 0;
  let requests = 0;

  for (let batch = 0; batch < batches; batch++) {
    const requireIfMatch = batch % 2 === 1;
    test(`batch ${batch + 1} of ${batches}, If-Match ${requireIfMatch ? 'required' : 'optional'}`, async (t) => {
      const services = await startLockstep(t, requireIfMatch);
      const { seed } = randomFrom(`model ${batch}`);
      const property = fc.asyncProperty(commandSequences(commandsMax), async (commands) => {
        sequences += 1;
        await runSequence(services, commands);
      });
      try {
        // A failure prints the shortest failing sequence, with its seed and path.
        await fc.assert(property, { seed, numRuns: sequencesPerBatch });
      } finally {
        requests += services.requests;
        for (const [outcome, count] of services.statuses)
          statuses.set(outcome, (statuses.get(outcome) ?? 0) + count);
      }
    });
  }

  test('every expected result occurred', (t) => {
    const counts = [...statuses].sort(([, one], [, other]) => other - one);
    t.diagnostic(`${sequences} sequences, ${requests} requests to each of 2 databases, 0 differences`);
    t.diagnostic(counts.map(([outcome, count]) => `${outcome}: ${count}`).join(', '));
    assert.ok(sequences >= batches * sequencesPerBatch);
    // The quick tier runs too few sequences for the rare ones.
    if (tier === 'quick') return;
    assert.deepEqual(
      outcomesNeeded.filter((outcome) => !statuses.has(outcome)),
      [],
    );
  });
});
