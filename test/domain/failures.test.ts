import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, invalidRequest, unavailable } from '../../src/domain/failures.ts';
import { pointerTo } from '../../src/domain/validation.ts';

test('a failure separates what callers see from what the log sees', () => {
  const failure = new Failure('email_taken', 'It is in use.', { cause: new Error('SELECT secret') });
  assert.deepEqual(
    [failure.code, failure.message, failure.detail],
    ['email_taken', 'It is in use.', 'It is in use.'],
  );
  assert.equal((failure.cause as Error).message, 'SELECT secret');
  assert.equal(new Failure('customer_not_found', 'Nothing.').cause, undefined);
});

test('an invalid request names each location once', () => {
  const detail = 'must be a text';
  const failure = invalidRequest([
    { pointer: '#/email', detail },
    { pointer: '#/email', detail: 'must be short' },
    { parameter: 'limit', detail },
    { pointer: '#', detail },
  ]);
  assert.match(failure.detail, /Check #\/email, limit, the body\.$/);
  assert.equal(failure.errors?.length, 4);
});

test('unavailable asks the caller to retry', () => {
  assert.equal(unavailable('Busy.').retryAfterSeconds, 1);
});

test('a location in the body is a JSON Pointer in a URI fragment (RFC 6901)', () => {
  assert.equal(pointerTo([]), '#');
  assert.equal(pointerTo(['metadata', 'a/b~c~1']), '#/metadata/a~1b~0c~01');
  assert.equal(pointerTo(['metadata', 'é %']), '#/metadata/%C3%A9%20%25');
});
