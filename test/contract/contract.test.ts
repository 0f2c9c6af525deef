/** Conventions of the contract that the tools behind it depend on, for all present and future operations. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import { parse } from 'yaml';

type Node = Record<string, unknown>;
type Found = { node: Node; pointer: string };
type Response = { node: Node; status: string };
type Operation = Found & { id: string; method: string; responses: Response[] };

const source = await readFile(new URL('../../openapi.yaml', import.meta.url), 'utf8');
const contract = parse(source) as Node;
const found = [...walk(contract, '#')];
const operations = [...findOperations()];
const schemas = child(contract, 'components', 'schemas');
const schemaNodes = found.filter(({ node }) => typeof node.type === 'string' && !('scheme' in node));
const verbNoun = /^(list|create|get|replace|update|delete|restore|erase|upsert|import|export)[A-Z][A-Za-z]+$/;
const problemCodes = child(schemas, 'ProblemCode')['x-extensible-enum'] as string[];

suite('contract', () => {
  test('every operationId is unique and starts with a verb', () => {
    assert.ok(operations.length >= 7, `${operations.length} operations`);
    for (const { id } of operations) {
      assert.match(id, verbNoun);
    }
    assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length);
  });

  test('every operation requires a credential and names its scope, for tools and for people', () => {
    for (const { id, node, method } of operations) {
      assert.deepEqual(node.security, [{ bearer: [] }], id);
      const scope = String(node['x-required-scope']);
      assert.match(scope, /^[a-z]+:[a-z]+$/, id);
      // Exporting everything needs a stronger scope than reading one customer.
      assert.equal(scope.endsWith(':read'), method === 'get' && !scope.endsWith(':bulk'), `${id}: ${scope}`);
      assert.ok(String(node.description).includes(`Needs the scope \`${scope}\`.`), id);
    }
  });

  test('declares the errors that every operation can return', () => {
    const common = ['400', '401', '403', '405', '406', '408', '413', '414', '417', '429', '431', '503'];
    for (const { id, node } of operations) {
      const statuses = Object.keys(child(node, 'responses'));
      const expected = 'requestBody' in node ? [...common, '415', '422'] : common;
      assertIncludes(statuses, expected, id);
      assert.ok(!statuses.includes('500'), `${id} declares 500`);
      assert.equal(statuses.includes('415'), 'requestBody' in node, `${id}: 415 requires a request body`);
    }
  });

  test('every response has X-Request-Id, the headers of its status, and an example of its body', () => {
    const ofStatus: Record<string, string[]> = {
      201: ['Location', 'ETag', 'Feed-Position'],
      304: ['ETag', 'Cache-Control'],
      401: ['WWW-Authenticate'],
      403: ['WWW-Authenticate'],
      405: ['Allow'],
      429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
      503: ['Retry-After'],
    };
    for (const { id, method, responses } of operations) {
      for (const { node, status } of responses) {
        const headers = Object.keys(child(node, 'headers'));
        const expected = ['X-Request-Id', ...(ofStatus[status] ?? [])];
        if (status < '400') expected.push('RateLimit', 'RateLimit-Policy');
        if (status === '415') expected.push(method === 'patch' ? 'Accept-Patch' : 'Accept');
        assertIncludes(headers, expected, `${id} ${status}`);
        for (const mediaType of Object.values((node.content ?? {}) as Node)) {
          assert.ok(Object.keys(child(mediaType, 'examples')).length > 0, `${id} ${status} has no example`);
        }
      }
    }
  });

  test('every error is a problem document with consistent members', () => {
    for (const { id, responses } of operations) {
      for (const { node, status } of responses.filter((response) => response.status >= '400')) {
        const content = child(node, 'content');
        assert.deepEqual(Object.keys(content), ['application/problem+json'], `${id} ${status}`);
        for (const example of Object.values(child(content, 'application/problem+json', 'examples'))) {
          const problem = child(resolve(example as Node), 'value');
          assert.equal(problem.status, Number(status), `${id} ${problem.code}`);
          assert.ok(problemCodes.includes(String(problem.code)), `${problem.code} is not listed`);
          assert.equal(problem.type, `urn:problem-type:customers:${problem.code}`);
          assert.equal(problem.instance, `urn:request:${problem.requestId}`);
        }
      }
    }
  });

  test('no schema keyword breaks the validator, the mock or a client generator', () => {
    const forbidden = ['allOf', 'oneOf', 'anyOf', 'not', 'discriminator', 'readOnly', 'writeOnly', 'default'];
    for (const { node, pointer } of schemaNodes) {
      for (const keyword of forbidden) assert.ok(!(keyword in node), `${pointer} uses ${keyword}`);
      // Prism adds null to a nullable enum, cannot compile the result, and then accepts every body.
      assert.ok(!(node.nullable === true && 'enum' in node), `${pointer} is a nullable enum`);
      // Behind a $ref the validator cannot see that items are strings, and compares every pair.
      if (node.uniqueItems) assert.equal(child(node, 'items').type, 'string', pointer);
    }
    for (const { node, pointer } of found) {
      if (typeof node.$ref === 'string') assert.deepEqual(Object.keys(node), ['$ref'], pointer);
    }
  });

  test('request schemas reject unknown members, and response schemas require all of theirs', () => {
    const bodies = operations.flatMap(({ node }) => ('requestBody' in node ? [node.requestBody] : []));
    const objects = [...reachable(bodies)].filter(({ type }) => type === 'object');
    assert.ok(objects.length >= 7, `${objects.length} request schemas`);
    for (const { additionalProperties, properties, description } of objects) {
      assert.ok(properties ? additionalProperties === false : additionalProperties, `open: ${description}`);
    }
    for (const name of ['Customer', 'Address']) {
      const { required, properties } = child(schemas, name);
      assert.deepEqual(required, Object.keys(properties as Node), name);
    }
  });

  test('no header is required, no parameter has a default, and reserved characters are allowed where values contain them', () => {
    for (const { node, pointer } of found.filter(({ node }) => 'in' in node && 'schema' in node)) {
      const schema = resolve(node.schema as Node);
      // Enumerations too: an unknown value must be reported as such, not as badly encoded.
      const isText = schema.type === 'array' || schema.type === 'string';
      if (node.in !== 'path') assert.ok(!node.required, `${pointer} is required`);
      if (node.in === 'query') assert.equal(node.allowReserved ?? false, isText, `${pointer} reserved`);
    }
  });

  test('filters use the rule of their field', () => {
    const list = operations.find(({ id }) => id === 'listCustomers')?.node.parameters as Node[];
    for (const name of ['Email', 'Phone', 'ExternalId']) {
      const parameter = list.find((each) => String(each.name).toLowerCase() === name.toLowerCase());
      const [filter, field] = [child(parameter, 'schema'), child(schemas, name)];
      assert.deepEqual([filter.maxLength, filter.pattern], [field.maxLength, field.pattern], name);
    }
  });

  test('lists the 249 country codes', () => {
    const country = new RegExp(String(child(schemas, 'CountryCode').pattern), 'u');
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const codes = letters.flatMap((first) => letters.map((second) => first + second));
    assert.equal(codes.filter((code) => country.test(code)).length, 249, 'codes of ISO 3166-1');
  });

  test('every header, parameter and patterned field has an example, and all examples are valid', (context) => {
    const ajv = ajvFormats.default(new Ajv({ allErrors: true, strict: false }));
    ajv.addSchema({ ...contract, $id: 'contract' });
    let count = 0;
    for (const { node, pointer } of found) {
      const needsExample = 'schema' in node || ('pattern' in node && !pointer.endsWith('/schema'));
      if (needsExample) assert.ok('example' in node || 'examples' in node, `${pointer} has no example`);
      const schema = 'schema' in node ? `${pointer}/schema` : pointer;
      for (const example of examplesOf(node)) {
        count += 1;
        assert.ok(ajv.validate(`contract${schema}`, example), `${pointer}: ${ajv.errorsText()}`);
      }
    }
    context.diagnostic(`${count} examples`);
    assert.ok(count > 100);
  });
});

/** Every object of the document except those inside examples. */
function* walk(value: unknown, pointer: string): Generator<Found> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield { node: value as Node, pointer };
  for (const [key, member] of Object.entries(value)) {
    if (key === 'example' || key === 'examples') continue;
    yield* walk(member, `${pointer}/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`);
  }
}

function* findOperations(): Generator<Operation> {
  for (const { node, pointer } of found.filter((each) => 'operationId' in each.node)) {
    const responses = Object.entries(child(node, 'responses')).map(([status, response]) => ({
      node: resolve(response as Node),
      status,
    }));
    const method = pointer.slice(pointer.lastIndexOf('/') + 1);
    yield { id: String(node.operationId), node, pointer, method, responses };
  }
}

function child(node: unknown, ...path: string[]): Node {
  return path.reduce((parent, key) => {
    const member = parent?.[key];
    assert.ok(typeof member === 'object' && member !== null, `no ${path.join('.')}`);
    return resolve(member as Node);
  }, node as Node);
}

function resolve(node: Node): Node {
  return typeof node.$ref === 'string' ? child(contract, ...node.$ref.slice(2).split('/')) : node;
}

function reachable(roots: unknown[], seen = new Set<Node>()): Set<Node> {
  for (const { node } of roots.flatMap((root) => [...walk(root, '')])) {
    const target = resolve(node);
    if (seen.has(target)) continue;
    seen.add(target);
    if (target !== node) reachable([target], seen);
  }
  return seen;
}

function examplesOf(node: Node): unknown[] {
  if ('example' in node) return [node.example];
  if (!('schema' in node) || !('examples' in node)) return [];
  return Object.values(child(node, 'examples')).map((example) => resolve(example as Node).value);
}

function assertIncludes(present: string[], expected: string[], message: string): void {
  for (const each of expected) assert.ok(present.includes(each), `${message} lacks ${each}`);
}
