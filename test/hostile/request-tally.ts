import { checkReply } from '../support/contract-check.ts';
import { type HostileReply, type HostileRequest, pathOf } from './hostile-request.ts';
import { mayOverfillMetadata } from './product-rules.ts';
import { judge } from './request-oracle.ts';

/** Ways in which a response can be wrong. Each count must stay 0. */
export interface Shortfalls {
  serverErrors: number;
  undocumented: number;
  offContract: number;
  invalidAccepted: number;
  validRefused: number;
}

export interface Tally {
  cases: number;
  valid: number;
  invalid: number;
  readonly shortfalls: Shortfalls;
  /** Responses by status. */
  readonly statuses: Map<number, number>;
  /** The first few failures in words. */
  readonly examples: string[];
}

export function emptyTally(): Tally {
  const shortfalls = {
    serverErrors: 0,
    undocumented: 0,
    offContract: 0,
    invalidAccepted: 0,
    validRefused: 0,
  };
  return { cases: 0, valid: 0, invalid: 0, shortfalls, statuses: new Map(), examples: [] };
}

/** Codes of contract violations. All others depend on stored data. */
const contractCodes = new Set([
  ...['malformed_request', 'malformed_json', 'invalid_request', 'not_acceptable', 'unsupported_media_type'],
  ...[
    'body_too_large',
    'uri_too_long',
    'headers_too_large',
    'expectation_failed',
    'method_not_allowed',
    'not_found',
  ],
]);
const contractStatuses = new Set([400, 406, 413, 414, 415, 417, 422, 431]);

/** Compares a response with the contract and with the oracle's prediction. */
export function count(tally: Tally, request: HostileRequest, reply: HostileReply): void {
  const { faults, open } = judge(request);
  const { status } = reply;
  tally.cases++;
  tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  const note = (kind: keyof Shortfalls, detail: string) => {
    tally.shortfalls[kind]++;
    if (tally.examples.length < 20) tally.examples.push(`${kind}: ${describe(request, reply)}: ${detail}`);
  };
  if (status >= 500) note('serverErrors', reply.text.slice(0, 300));
  const off = replyFault(request, reply);
  if (off) note(/status is not declared/.test(off) ? 'undocumented' : 'offContract', off);
  if (faults.length > 0) {
    tally.invalid++;
    const expected = faults.flatMap(({ statuses }) => statuses);
    if (!expected.includes(status) || !refusesContract(request, reply)) {
      note(
        'invalidAccepted',
        `expected ${expected.join('/')} for ${faults.map(({ what }) => what).join('; ')}`,
      );
    }
  } else if (!open && !lacksCode(request, reply)) {
    tally.valid++;
    if (refusesContract(request, reply) && !mayOverfillMetadata(request)) {
      note('validRefused', reply.text.slice(0, 500));
    }
  }
}

function refusesContract({ method }: HostileRequest, { status, text }: HostileReply): boolean {
  if (status < 400 || status >= 500) return false;
  if (method !== 'HEAD') return contractCodes.has((JSON.parse(text) as { code: string }).code);
  return contractStatuses.has(status);
}

/** A response without a body has no code that distinguishes a foreign cursor from a malformed one. */
function lacksCode({ method, query }: HostileRequest, { status }: HostileReply): boolean {
  return method === 'HEAD' && status === 400 && query.some(([name]) => name === 'cursor');
}

function replyFault(request: HostileRequest, { status, headers, text }: HostileReply): string | undefined {
  const { target, method = target.method } = request;
  try {
    checkReply({ method, path: pathOf(request), status, headers, bodyText: text });
    return undefined;
  } catch (fault) {
    return (fault as Error).message;
  }
}

function describe(request: HostileRequest, { status }: HostileReply): string {
  const { label, body, headers } = request;
  const text = body ? ` ${Buffer.from(body).toString().slice(0, 200)}` : '';
  return `[${label}] ${pathOf(request).slice(0, 300)} ${JSON.stringify(headers).slice(0, 300)}${text} returned ${status}`;
}
