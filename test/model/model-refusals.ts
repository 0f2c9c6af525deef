import type { ModelCustomer } from './model-customer.ts';
import type { WriteRequest } from './model-requests.ts';

/** The expected response. */
export interface Expected {
  readonly status: number;
  /** The body of a success; a list's `nextCursor` is {@link cursorPlaceholder}. */
  readonly text?: string;
  readonly etag?: string;
  readonly location?: string;
  /** Range of the Feed-Position: a write that changed nothing may return any position that includes it. */
  readonly feedPosition?: readonly [least: number, greatest: number];
  readonly replayed?: boolean;
  /** The code of a problem, with the pointers or parameters of its errors. */
  readonly code?: string;
  readonly places?: readonly string[];
}

export interface Precondition {
  readonly ifMatch: Tags;
  readonly ifNoneMatch: Tags;
}

type Tags = '*' | readonly string[] | undefined;

export function preconditionOf(request: WriteRequest): Precondition | Expected {
  const ifMatch = parsedTags('If-Match', 'ifMatch' in request ? request.ifMatch : undefined);
  if (isRefusal(ifMatch)) return ifMatch;
  const ifNoneMatch = parsedTags('If-None-Match', 'ifNoneMatch' in request ? request.ifNoneMatch : undefined);
  return isRefusal(ifNoneMatch) ? ifNoneMatch : { ifMatch, ifNoneMatch };
}

export function parsedTags(header: string, value: string | undefined): Tags | Expected {
  if (value === undefined || value === '*') return value;
  const tags = value.split(',').map((tag) => tag.trim());
  if (tags.every((tag) => /^(W\/)?"[^"]*"$/.test(tag))) return tags;
  return refusal(400, 'malformed_request', header);
}

export function violated(
  { ifMatch, ifNoneMatch }: Precondition,
  { version }: ModelCustomer,
  required: boolean,
): Expected | undefined {
  if (required && !ifMatch && !ifNoneMatch) return refusal(428, 'precondition_required');
  const etag = `"${version}"`;
  const stale = ifMatch && ifMatch !== '*' && !ifMatch.includes(etag);
  const excluded =
    ifNoneMatch && (ifNoneMatch === '*' || ifNoneMatch.some((tag) => tag.replace('W/', '') === etag));
  return stale || excluded ? refusal(412, 'precondition_failed') : undefined;
}

/** Validation of the few errors in command sequences; the contract's tests try all the others. */
export function invalidMembers(request: WriteRequest): string[] {
  if (!('body' in request)) return [];
  const { name, status, email } = request.body;
  const nameMissing = name === undefined && request.operation !== 'update';
  return [
    ...(nameMissing || name === null || name === '' ? ['#/name'] : []),
    ...(email === 'no address' ? ['#/email'] : []),
    ...(status === null ? ['#/status'] : []),
  ];
}

export function refusal(status: number, code: string, ...places: string[]): Expected {
  return { status, code, places };
}

export function isRefusal(value: Tags | Precondition | Expected): value is Expected {
  return typeof value === 'object' && !Array.isArray(value) && 'code' in value;
}
