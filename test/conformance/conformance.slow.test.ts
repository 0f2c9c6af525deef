/** One suite against the mock and the service: clients built against one must work with the other. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { type Mock, startMock } from '../support/mock.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { sampled } from '../support/tier.ts';
import { type Case, exampleCases, targets, violationCases } from './cases.ts';
import { type Answer, send } from './exchange.ts';
import {
  mockBodies,
  mockStatuses,
  notCompared,
  rulesBeyondSchemas,
  stateDependent,
} from './known-differences.ts';
import { Report } from './report.ts';

const atOnce = 8;
/** The version in the examples of If-Match and If-None-Match. */
const versionOfExamples = 3;

const examples = targets.flatMap(exampleCases);
const violations = targets.flatMap(violationCases);

const wholeFile = suiteCleanup();
let mock: Mock;
before(async () => {
  mock = await startMock(wholeFile);
});

/** The mock's response to a request never changes, so one request serves both databases. */
const mockAnswers = new Map<Case, Promise<Answer>>();
function sendToMock(tried: Case): Promise<Answer> {
  const answer = mockAnswers.get(tried) ?? send(mock.url, tried);
  mockAnswers.set(tried, answer);
  return answer;
}

describeEngines('the mock and the service', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;

  before(async () => {
    service = await startTestService(cleanup, { engine });
  });

  test('refuse every request that breaks one rule of the contract in the same way', async (context) => {
    const report = new Report(context, [...mockStatuses, ...mockBodies]);
    const chosen = sampled(violations, 25, 'violations');
    for (let start = 0; start < chosen.length; start += atOnce) {
      await Promise.all(chosen.slice(start, start + atOnce).map((tried) => compareRefusals(tried, report)));
    }
    assert.ok(violations.length > 900, `${violations.length} violations`);
    report.close('violations');
  });

  async function compareRefusals(tried: Case, report: Report): Promise<void> {
    const [fromService, fromMock] = await Promise.all([send(service.url, tried), sendToMock(tried)]);
    const { status: wanted, place } = tried.refusal ?? {};
    report.countOne();
    report.expect(
      tried,
      fromService.status === wanted,
      `the service returns ${fromService.status}, not ${wanted}`,
    );
    report.expectShape(tried, 'the service', fromService);
    if (place)
      report.expect(
        tried,
        names(fromService, place),
        `the problem does not name ${place}: ${fromService.text}`,
      );
    if (fromMock.status !== wanted) {
      const difference = report.excuse(tried, mockStatuses);
      report.expect(
        tried,
        !!difference?.statuses.includes(fromMock.status),
        `the mock returns ${fromMock.status}, not ${wanted}`,
      );
    }
    if (!report.excuse(tried, mockBodies)) report.expectShape(tried, 'the mock', fromMock);
  }

  test('return the same for every example request of the contract', async (context) => {
    const report = new Report(context, stateDependent);
    for (const tried of examples) {
      const fromService = await send(service.url, await prepared(service, tried));
      const fromMock = await sendToMock(tried);
      report.countOne();
      report.expectShape(tried, 'the service', fromService);
      report.expectShape(tried, 'the mock', fromMock);
      report.expect(tried, fromMock.status < 300, `the mock returns ${fromMock.status}`);
      if (fromService.status === fromMock.status) continue;
      const statuses = `the service returns ${fromService.status}, the mock ${fromMock.status}`;
      report.expect(tried, !!report.excuse(tried, stateDependent), `${statuses}: ${fromService.text}`);
      const asked = await send(mock.url, tried, { Prefer: `code=${fromService.status}` });
      report.expect(tried, asked.status === fromService.status, `${statuses}, even on request`);
      report.expectShape(tried, 'the mock', asked);
    }
    report.close('examples');
  });

  test('differ only where no schema can express the rule', async (context) => {
    const example = examples.find(({ operationId }) => operationId === 'updateCustomer');
    assert.ok(example);
    for (const { reason, body } of rulesBeyondSchemas) {
      const tried: Case = { ...example, body: JSON.stringify(body) };
      const [fromService, fromMock] = await Promise.all([send(service.url, tried), send(mock.url, tried)]);
      assert.deepEqual([fromService.status, fromMock.status], [422, 200], reason);
      context.diagnostic(`only the service refuses: ${reason}`);
    }
    for (const reason of notCompared) context.diagnostic(`not compared: ${reason}`);
  });
});

/**
 * Creates what the request needs to succeed: an empty database, and the customer at the examples' version.
 */
async function prepared(service: TestService, tried: Case): Promise<Case> {
  const { json } = await service.call<{ items: { id: string }[] }>('GET', '/customers?limit=100');
  for (const { id } of json.items) await service.call('DELETE', `/customers/${id}`);
  if (tried.path.startsWith('/external-ids/')) return preparedByExternalId(service, tried);
  const [, exampleId = ''] = /^\/customers\/([0-9a-f-]{36})/.exec(tried.path) ?? [];
  if (exampleId === '') return tried;
  const id = uuidv7();
  const real = { ...tried, path: tried.path.replace(exampleId, id) };
  if (tried.headers['If-None-Match'] === '*') return real;
  const create = { headers: { 'If-None-Match': '*' }, body: { name: 'Ada' } };
  assert.equal((await service.call('PUT', `/customers/${id}`, create)).status, 201);
  const isRestored = tried.path.endsWith('/restore');
  for (let version = 2; version <= versionOfExamples - (isRestored ? 1 : 0); version++) {
    await service.call('PATCH', `/customers/${id}`, { body: { note: `version ${version}` } });
  }
  if (isRestored) await service.call('DELETE', `/customers/${id}`);
  return real;
}

/** The customer with the path's externalId at the examples' version, unless the request creates it. */
async function preparedByExternalId(service: TestService, tried: Case): Promise<Case> {
  if (tried.method === 'PUT' && !('If-Match' in tried.headers)) return tried;
  const [path = ''] = tried.path.split('?');
  for (let version = 1; version <= versionOfExamples; version++) {
    await service.call('PUT', path, { body: { name: `Ada ${version}` } });
  }
  return tried;
}

function names({ text }: Answer, place: string): boolean {
  const { errors = [] } = JSON.parse(text) as { errors?: { pointer?: string; parameter?: string }[] };
  return errors.some(({ pointer, parameter }) => (pointer ? pointer.startsWith(place) : parameter === place));
}
