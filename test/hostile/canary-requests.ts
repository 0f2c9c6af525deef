import type { Target } from '../conformance/cases.ts';
import { type HostileRequest, placeholders } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { allInputs } from './payload-inputs.ts';
import { minimalRequest } from './request-matrix.ts';

/** Makes unique texts that can be recognized anywhere. */
export interface CanarySource {
  next(): string;
}

/** Valid forms of a canary, for inputs that reject plain text. */
const forms: Readonly<Record<string, (canary: string) => string>> = {
  email: (canary) => `${canary}@example.com`,
  timeZone: (canary) => `Canary/${canary}`,
  cursor: (canary) => canary.repeat(4),
};

/** Every input of every operation with a canary, in its valid form and as plain text. */
export function inputRequests(canaries: CanarySource): HostileRequest[] {
  // A well-formed X-Request-Id is logged by contract; the caller must keep personal data out of it.
  const inputs = allInputs().filter(({ name }) => name !== 'header X-Request-Id');
  return inputs.flatMap((input) => {
    const name = /\w+$/.exec(input.name)?.[0] ?? '';
    const texts = [canaries.next(), forms[name]?.(canaries.next())];
    return texts.flatMap((text) => (text === undefined ? [] : (input.put(text) ?? [])));
  });
}

/** A customer in which every text is a canary. */
export function canaryCustomer(canaries: CanarySource): Record<string, unknown> {
  const next = () => canaries.next();
  const place = {
    line1: next(),
    line2: next(),
    city: next(),
    region: next(),
    postalCode: next().slice(0, 20),
  };
  return {
    name: next(),
    email: `${next()}@example.com`,
    externalId: `${next()}:1`,
    note: next(),
    tags: [next()],
    metadata: { [next()]: next() },
    address: place,
  };
}

/** Every operation with every error that a request alone can cause, full of canaries. */
export function refusedRequests(canaries: CanarySource): HostileRequest[] {
  return hostileTargets.flatMap((target) => {
    const least = { ...fullRequest(target, canaries) };
    const header = (name: string, value: string): HostileRequest => ({
      ...least,
      label: `${target.operationId} ${name}`,
      headers: { ...least.headers, [name]: value },
    });
    const made: HostileRequest[] = [
      least,
      header('Accept', `text/${canaries.next()}`),
      header('Expect', canaries.next()),
      header('If-Match', canaries.next()),
      header('If-Match', `"${canaries.next()}"`),
      header('If-None-Match', canaries.next()),
      header('X-Large', canaries.next().repeat(3000)),
      header('X-Request-Id', `${canaries.next()} not an id`),
      header('traceparent', `00-${canaries.next()}-00`),
      {
        ...least,
        label: 'tracestate',
        headers: {
          ...least.headers,
          traceparent: `00-${'4bf92f35'.repeat(4)}-${'00f067aa'.repeat(2)}-01`,
          tracestate: `vendor=${canaries.next()},ot=th:${canaries.next()}`,
        },
      },
      { ...least, label: 'unknown query', query: [[canaries.next(), canaries.next()]] },
      { ...least, label: 'long URL', query: [['x', canaries.next().repeat(600)]] },
      { ...least, label: 'deleted', path: withPlaceholder(least.path, placeholders.deleted) },
      {
        ...least,
        label: 'no such customer',
        path: withPlaceholder(least.path, '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37'),
      },
      ...['TRACE', 'PUT', 'PATCH', 'DELETE', 'POST'].map((method) => ({ ...least, label: method, method })),
    ];
    if (least.body === undefined) return made;
    const bodies = [
      `{"name":${canaries.next()}}`,
      `{"${canaries.next()}":1}`,
      `"${canaries.next()}`,
      canaries.next().repeat(6000),
    ];
    const refused = bodies.map((text) => ({ ...least, label: 'body', body: Buffer.from(text) }));
    return [
      ...made,
      ...refused,
      header('Content-Type', `text/${canaries.next()}`),
      header('Content-Encoding', canaries.next()),
    ];
  });
}

/** A valid request with canaries in every free text. */
export function fullRequest(target: Target, canaries: CanarySource): HostileRequest {
  const least = minimalRequest(target);
  const isJson = /json$/.test(least.headers['Content-Type'] ?? '');
  return {
    ...least,
    headers: { ...least.headers, ...strayHeaders(canaries) },
    body: isJson ? Buffer.from(JSON.stringify(canaryCustomer(canaries))) : least.body,
  };
}

/** Extra headers of clients and proxies that must not be logged. */
function strayHeaders(canaries: CanarySource): Record<string, string> {
  const names = [
    'Authorization',
    'Cookie',
    'Referer',
    'User-Agent',
    'X-Api-Key',
    'X-Forwarded-For',
    'Forwarded',
    'From',
  ];
  return Object.fromEntries(
    names.map((name) => [name, name === 'Authorization' ? `Bearer ${canaries.next()}` : canaries.next()]),
  );
}

function withPlaceholder(path: HostileRequest['path'], value: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(path).map(([name, text]) => [name, text === placeholders.live ? value : text]),
  );
}
