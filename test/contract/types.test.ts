/** The compiler holds handlers to the contract: it rejects what it must, and nothing else. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileTexts } from '../support/compile-texts.ts';
import { control } from './handlers-that-compile.ts';

interface Fault {
  readonly name: string;
  /** The part of the control to replace; occurs once. */
  readonly part: string;
  readonly changed: string;
  /** What the compiler's message must mention. */
  readonly message: RegExp;
}

const create201 = 'return { status: 201, headers: located,';
const faults: readonly Fault[] = [
  {
    name: 'a status that the operation does not declare',
    part: create201,
    changed: 'return { status: 202, headers: located,',
    message: /202/,
  },
  {
    name: 'a failure as a response instead of an exception',
    part: 'return { status: 304, headers: cache };',
    changed: 'return { status: 404, headers: cache };',
    message: /404/,
  },
  {
    name: 'a declared status with the body of another',
    part: 'deleteCustomer: () => ({ status: 204, headers: feed })',
    changed: 'deleteCustomer: () => ({ status: 204, headers: feed, body: customer })',
    message: /undefined/,
  },
  {
    name: 'a missing required header',
    part: "const located = { Location: '/customers/1', ETag: '\"1\"', ...feed };",
    changed: 'const located = { ETag: \'"1"\', ...feed };',
    message: /Location/,
  },
  {
    name: 'all headers missing where one is required',
    part: 'deleteCustomer: () => ({ status: 204, headers: feed })',
    changed: 'deleteCustomer: () => ({ status: 204 })',
    message: /headers/,
  },
  {
    name: 'a header that only other responses have',
    part: `headers: { ETag: '"5"', ...feed }`,
    changed: `headers: { ETag: '"5"', ...feed, Location: '/customers/1' }`,
    message: /Location|never/,
  },
  {
    // A function's return value may have excess members; the compiler finds this one where the response is
    // annotated.
    name: 'a header that no response has, in an annotated response',
    part: 'headers: restoredHeaders,',
    changed: "headers: { ...restoredHeaders, Expires: '0' },",
    message: /Expires/,
  },
  {
    name: 'a header in another spelling',
    part: 'headers: { ETag: \'"5"\', ...feed }',
    changed: 'headers: { Etag: \'"5"\', ...feed }',
    message: /Etag/i,
  },
  {
    name: 'a header of the wrong type',
    part: "const feed = { 'Feed-Position': '1' };",
    changed: "const feed = { 'Feed-Position': 1 };",
    message: /number/,
  },
  {
    name: 'a missing body',
    part: 'status: 200, headers: cache, body: renderedCustomer',
    changed: 'status: 200, headers: cache',
    message: /body/,
  },
  {
    name: 'an incomplete body',
    part: 'body: { ...customer, name: body.name } };',
    changed: "body: { id: customer.id, type: 'person', name: body.name } };",
    message: /missing the following properties|not assignable/,
  },
  {
    name: 'a body with a member of the wrong type',
    part: 'id: path.customerId, note: principal',
    changed: 'id: path.customerId, note: 7',
    message: /number/,
  },
  {
    name: 'a body with a value outside its enumeration',
    part: 'replaceCustomer: ({ body }) => ({ status: 200, body: { ...customer, name: body.name } })',
    changed:
      "replaceCustomer: ({ body }) => ({ status: 200, body: { ...customer, name: body.name, status: 'gone' } })",
    message: /gone/,
  },
  {
    name: 'the body of another operation',
    part: 'headers: cache, body: renderedList',
    changed: 'headers: cache, body: customer',
    message: /items|CustomerList|not assignable/,
  },
  {
    name: 'the rendered body of another operation',
    part: 'headers: cache, body: renderedList',
    changed: 'headers: cache, body: renderedCustomer',
    message: /Rendered|not assignable/,
  },
  {
    name: 'a string that was not rendered',
    part: 'status: 200, headers: cache, body: renderedCustomer',
    changed: 'status: 200, headers: cache, body: JSON.stringify(customer)',
    message: /'string'|"string"|string/,
  },
  {
    name: 'a stream without its media type',
    part: 'mediaType: accepts, body: stream',
    changed: 'body: stream',
    message: /mediaType|not assignable/,
  },
  {
    name: 'a stream of a media type that cannot be streamed',
    part: 'mediaType: accepts, body: stream',
    changed: "mediaType: 'application/json', body: stream",
    message: /not assignable/,
  },
  {
    name: 'a media type that the operation does not return',
    part: "accepts === 'application/json'",
    changed: "accepts === 'text/csv'",
    message: /no overlap/,
  },
  {
    name: 'an operation without a handler',
    part: '  deleteCustomer: () => ({ status: 204, headers: feed }),\n',
    changed: '',
    message: /deleteCustomer/,
  },
  {
    name: 'a handler without an operation',
    part: '  createCustomer: create,\n',
    changed: '  createCustomer: create,\n  mergeCustomer: create,\n',
    message: /mergeCustomer/,
  },
  {
    name: 'the handler of another operation',
    part: '  getCustomer: get,\n',
    changed: '  getCustomer: create,\n',
    message: /not assignable/,
  },
  {
    name: 'reading a path parameter that is not declared',
    part: 'id: path.customerId',
    changed: 'id: path.id',
    message: /'id'/,
  },
  {
    name: 'reading a query parameter that is not declared',
    part: 'query.limit === 1',
    changed: 'query.offset === 1',
    message: /offset/,
  },
  {
    name: 'comparing a query parameter with a value of another type',
    part: 'query.limit === 1',
    changed: "query.limit === '1'",
    message: /no overlap/,
  },
  {
    name: 'reading a header that is not declared',
    part: "headers['If-None-Match']",
    changed: "headers['Authorization']",
    message: /Authorization/,
  },
  {
    name: 'an optional member of the request body used as required',
    part: "name: body.name ?? 'kept'",
    changed: 'name: body.name',
    message: /undefined/,
  },
  {
    name: 'reading a body where the request has none',
    part: 'restoreCustomer: () => ({ status: 200,',
    changed: 'restoreCustomer: ({ body }) => ({ status: body.name ? 200 : 200,',
    message: /undefined|never/,
  },
];

suite('types of the contract', () => {
  const fileOf = (index: number) => fileURLToPath(new URL(`snippet-${index}.ts`, import.meta.url));
  const texts = [control, ...faults.map(({ part, changed }) => control.replace(part, () => changed))];
  const messages = compileTexts(new Map(texts.map((text, index) => [fileOf(index), text])));
  const messagesOf = (index: number) => messages.get(fileOf(index)) ?? [];

  test('a handler that follows the contract compiles', () => {
    assert.deepEqual(messagesOf(0), []);
  });

  for (const [index, { name, part, message }] of faults.entries()) {
    test(`${name} does not compile`, () => {
      assert.equal(control.split(part).length, 2, `the control must contain this part once: ${part}`);
      const found = messagesOf(index + 1);
      assert.notDeepEqual(found, [], 'it compiled');
      assert.match(found.join('\n'), message);
    });
  }
});
