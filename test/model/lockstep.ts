import assert from 'node:assert/strict';
import type { CustomerList } from '../../src/contract/types.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openDirectly } from '../storage/direct-engine.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { engines } from '../support/engines.ts';
import { headersForBrowsers } from '../support/response-hygiene.ts';
import { type Reply, startTestService, type TestService } from '../support/service.ts';
import { cursorPlaceholder, type Moment } from './customer-model.ts';
import type { Expected } from './model-refusals.ts';
import { httpForm, type ModelRequest } from './model-requests.ts';

/** The same service on each database, with a shared clock and source of ids. */
export interface LockstepServices {
  readonly requireIfMatch: boolean;
  /** Number of requests sent to each, and the results. */
  readonly requests: number;
  readonly statuses: ReadonlyMap<string, number>;
  /** Empties both databases. */
  empty(): Promise<void>;
  /** Sends a request to both; throws if one differs from the expectation or from the other, byte by byte. */
  compare(request: ModelRequest, moment: Moment, expected: Expected, history: string): Promise<void>;
}

interface Side {
  readonly service: TestService;
  readonly direct: Engine;
  /** Cursors of earlier lists, by step. */
  readonly cursors: Map<number, string>;
}

export async function startLockstep(cleanup: Cleanup, requireIfMatch: boolean): Promise<LockstepServices> {
  let moment: Moment = { step: 0, now: 0, newId: '' };
  const sides: Side[] = [];
  for (const engine of engines) {
    const service = await startTestService(cleanup, {
      engine,
      environment: { REQUIRE_IF_MATCH: String(requireIfMatch) },
      clock: () => moment.now,
      ids: () => moment.newId,
    });
    sides.push({ service, direct: openDirectly(cleanup, service.databaseUrl), cursors: new Map() });
  }
  const statuses = new Map<string, number>();
  let requests = 0;

  return {
    requireIfMatch,
    statuses,
    get requests() {
      return requests;
    },
    async empty() {
      await Promise.all(sides.map(emptySide));
    },
    async compare(request, at, expected, history) {
      moment = at;
      requests += 1;
      const answers = await Promise.all(sides.map((side) => answerOf(side, request, at.step)));
      const [first, ...others] = answers;
      if (!first) throw new Error('There is no database.');
      for (const other of others)
        assert.deepEqual(other, first, `${engines.join(' and ')} differ, ${history}`);
      assert.deepEqual(
        first,
        wanted(expected, first, request, at.step),
        `differs from the model, ${history}`,
      );
      const outcome = `${request.operation} ${first.status}${first.code ? ` ${first.code}` : ''}${first.replayed ? ' replayed' : ''}`;
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    },
  };
}

async function emptySide({ direct, cursors }: Side): Promise<void> {
  cursors.clear();
  const tables = ['customer_tags', 'customers', 'changes', 'idempotency_keys'];
  await direct.transaction(async (session) => {
    for (const table of tables) await session.run(`DELETE FROM ${table}`, []);
    await session.run('UPDATE feed_head SET position = 0', []);
  });
}

/** The parts of a response that must be the same on both databases. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly code: string | undefined;
  readonly places: readonly string[];
  readonly replayed: boolean;
}

async function answerOf(side: Side, request: ModelRequest, step: number): Promise<Answer> {
  const { method, path, ...options } = httpForm(request);
  const query = { ...options.query };
  if (request.operation === 'list' && request.after !== undefined) {
    query.cursor = side.cursors.get(request.after) ?? '';
  }
  const headers = { ...options.headers, 'X-Request-Id': `step-${step}` };
  const reply = await side.service.call(method, path, { ...options, query, headers });
  const problem = reply.status >= 400 ? reply.problem : undefined;
  const text = request.operation === 'list' && !problem ? takeCursor(side, reply, step) : reply.text;
  return {
    status: reply.status,
    text,
    headers: comparable(reply.headers, request.operation === 'list' && reply.status < 400),
    code: problem?.code,
    places: [...new Set((problem?.errors ?? []).map(({ pointer, parameter }) => pointer ?? parameter ?? ''))],
    replayed: reply.headers.get('idempotency-replayed') === 'true',
  };
}

/** Removes the cursor, because each database encrypts with its own key. */
function takeCursor({ cursors }: Side, { json, text, headers }: Reply<unknown>, step: number): string {
  const { nextCursor } = json as CustomerList;
  const link = headers.get('link');
  if (nextCursor === null) {
    assert.equal(link, null, 'the last page must have no Link');
    return text;
  }
  assert.match(link ?? '', /^<\/customers\?[^<>]*>; rel="next"$/);
  assert.ok(link?.includes(`&cursor=${nextCursor}>`), 'the Link must have the cursor of the body');
  cursors.set(step, nextCursor);
  return text.replace(`"nextCursor":"${nextCursor}"`, `"nextCursor":"${cursorPlaceholder}"`);
}

/** Headers that depend on time, connection or cursor. */
const incomparable = ['date', 'connection', 'keep-alive', 'content-length', 'link'];

function comparable(headers: Headers, isList: boolean): Record<string, string> {
  const kept = [...headers].filter(([name]) => !incomparable.includes(name) && !(isList && name === 'etag'));
  return Object.fromEntries(kept);
}

/** The model's response for the parts that it determines, otherwise the actual one. */
function wanted(expected: Expected, answer: Answer, request: ModelRequest, step: number): Answer {
  const { status, code, places = [], replayed = false } = expected;
  const reads = request.operation === 'get' || request.operation === 'list';
  const headers = {
    'x-request-id': `step-${step}`,
    ...(status === 204 || status === 304 ? {} : { 'content-type': mediaType(status) }),
    ...headersForBrowsers,
    'cache-control': reads && status < 400 ? 'private, no-cache' : 'no-store',
    ...(expected.etag ? { etag: expected.etag } : {}),
    ...(expected.location ? { location: expected.location } : {}),
    ...(expected.feedPosition ? { 'feed-position': wantedPosition(expected.feedPosition, answer) } : {}),
    ...(replayed ? { 'idempotency-replayed': 'true' } : {}),
  };
  const text = status >= 400 ? answer.text : (expected.text ?? '');
  return { status, text, headers, code, places, replayed };
}

function mediaType(status: number): string {
  return status >= 400 ? 'application/problem+json' : 'application/json';
}

function wantedPosition([least, greatest]: readonly [number, number], { headers }: Answer): string {
  const actual = headers['feed-position'] ?? '';
  return Number(actual) >= least && Number(actual) <= greatest ? actual : `${least} to ${greatest}`;
}
