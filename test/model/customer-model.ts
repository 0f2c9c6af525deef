import type { ModelCustomer } from './model-customer.ts';
import {
  comparableEmail,
  patchedFields,
  renderedCustomer,
  sameFields,
  wholeFields,
} from './model-customer.ts';
import { modelPage, type PagePosition } from './model-list.ts';
import {
  type Expected,
  invalidMembers,
  isRefusal,
  type Precondition,
  parsedTags,
  preconditionOf,
  refusal,
  violated,
} from './model-refusals.ts';
import type { ListRequest, ModelRequest, WriteRequest } from './model-requests.ts';

/** Replaces the cursor of a list, which only a database can create. */
export const cursorPlaceholder = 'next';

/** Time and circumstances of a request. */
export interface Moment {
  readonly step: number;
  readonly now: number;
  /** The id of a customer created by this request. */
  readonly newId: string;
}

interface KeptAnswer {
  readonly fingerprint: string;
  readonly answer: Expected;
  readonly expiresAt: number;
}

const keptMs = 24 * 60 * 60 * 1000;

/** The service as an in-memory model, one request at a time. */
export function createCustomerModel({ requireIfMatch }: { readonly requireIfMatch: boolean }) {
  const customers = new Map<string, ModelCustomer>();
  const kept = new Map<string, KeptAnswer>();
  const pages = new Map<number, { selection: string; end: PagePosition }>();
  let head = 0;

  function answer(request: ModelRequest, moment: Moment): Expected {
    switch (request.operation) {
      case 'get':
        return answerGet(request.id, request.ifNoneMatch);
      case 'list':
        return answerList(request, moment.step);
      default:
        return answerOnce(request, moment);
    }
  }

  function answerGet(id: string, ifNoneMatch: string | undefined): Expected {
    const tags = parsedTags('If-None-Match', ifNoneMatch);
    if (isRefusal(tags)) return tags;
    const customer = customers.get(id);
    if (!customer) return refusal(404, 'customer_not_found');
    if (customer.deletedAt !== null) return refusal(410, 'customer_deleted');
    const etag = `"${customer.version}"`;
    const known = tags && (tags === '*' || tags.some((tag) => tag.replace('W/', '') === etag));
    return known ? { status: 304, etag } : { status: 200, etag, text: renderedCustomer(customer) };
  }

  function answerList(request: ListRequest, step: number): Expected {
    const { sort, filters } = request.selection;
    if (filters.q !== undefined && !sort.endsWith('createdAt'))
      return refusal(400, 'invalid_request', 'sort');
    const selection = JSON.stringify(request.selection);
    const previous = request.after === undefined ? undefined : pages.get(request.after);
    if (previous && previous.selection !== selection) return refusal(400, 'invalid_cursor', 'cursor');
    const { items, end, total } = modelPage([...customers.values()], request, previous?.end);
    if (end) pages.set(step, { selection, end });
    const cursor = end ? `"${cursorPlaceholder}"` : 'null';
    const totals = request.includeTotal ? `,"total":${total},"totalIsExact":true` : '';
    const rendered = items.map(renderedCustomer).join(',');
    return { status: 200, text: `{"items":[${rendered}],"nextCursor":${cursor}${totals}}` };
  }

  /** Replays the first response for a known key; otherwise computes one, and keeps it if it is a success. */
  function answerOnce(request: WriteRequest, moment: Moment): Expected {
    const faults = invalidMembers(request);
    if (faults.length > 0) return refusal(422, 'invalid_request', ...faults);
    const precondition = preconditionOf(request);
    if (isRefusal(precondition)) return precondition;
    const dry = 'validateOnly' in request && request.validateOnly;
    const key = 'key' in request && !dry && request.key ? `${request.operation} ${request.key}` : undefined;
    const fingerprint = JSON.stringify(request);
    const earlier = key === undefined ? undefined : kept.get(key);
    if (earlier && earlier.expiresAt > moment.now) {
      if (earlier.fingerprint !== fingerprint) return refusal(422, 'idempotency_key_reused');
      return { ...earlier.answer, replayed: true };
    }
    const fresh = answerWrite(request, precondition, moment, dry);
    if (key !== undefined && fresh.status < 300) {
      kept.set(key, { fingerprint, answer: fresh, expiresAt: moment.now + keptMs });
    }
    return fresh;
  }

  function answerWrite(
    request: WriteRequest,
    precondition: Precondition,
    moment: Moment,
    dry: boolean,
  ): Expected {
    const target = 'id' in request ? customers.get(request.id) : undefined;
    const creates =
      request.operation === 'create' ||
      (request.operation === 'replace' && !target && precondition.ifNoneMatch === '*');
    if (creates) return answerCreate(request, moment, dry);
    if (!target) return refusal(404, 'customer_not_found');
    if (target.deletedAt !== null && request.operation !== 'restore') return refusal(410, 'customer_deleted');
    const refused = violated(precondition, target, requireIfMatch && request.operation !== 'restore');
    return refused ?? answerChange(request, target, moment.now, dry);
  }

  function answerCreate(
    request: Extract<WriteRequest, { readonly operation: 'create' | 'replace' }>,
    { now, newId }: Moment,
    dry: boolean,
  ): Expected {
    const customer: ModelCustomer = {
      id: request.operation === 'replace' ? request.id : newId,
      fields: wholeFields(request.body),
      version: 1,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      ordinal: customers.size,
      position: head + 1,
    };
    return takenBy(customer) ?? store(customer, dry, 201);
  }

  function answerChange(
    request: Exclude<WriteRequest, { readonly operation: 'create' }>,
    target: ModelCustomer,
    now: number,
    dry: boolean,
  ): Expected {
    const fields = fieldsAfter(request, target);
    const deletedAt = request.operation === 'delete' ? now : null;
    if (deletedAt === target.deletedAt && sameFields(fields, target.fields)) {
      const text = renderedCustomer(target);
      if (dry) return { status: 200, text };
      return { status: 200, text, etag: `"${target.version}"`, feedPosition: [target.position, head] };
    }
    const change = { version: target.version + 1, updatedAt: now, deletedAt, position: head + 1 };
    const customer = { ...target, fields, ...change };
    const taken = deletedAt === null ? takenBy(customer) : undefined;
    return taken ?? store(customer, dry, request.operation === 'delete' ? 204 : 200);
  }

  function takenBy(customer: ModelCustomer): Expected | undefined {
    const { email, externalId } = customer.fields;
    const others = [...customers.values()].filter(({ id, deletedAt }) => id !== customer.id && !deletedAt);
    const emails = others.flatMap(({ fields }) => (fields.email ? [comparableEmail(fields.email)] : []));
    const emailTaken = email !== null && emails.includes(comparableEmail(email));
    const idTaken = externalId !== null && others.some(({ fields }) => fields.externalId === externalId);
    if (!emailTaken && !idTaken) return undefined;
    const places = [...(emailTaken ? ['#/email'] : []), ...(idTaken ? ['#/externalId'] : [])];
    return refusal(409, emailTaken ? 'email_taken' : 'external_id_taken', ...places);
  }

  function store(customer: ModelCustomer, dry: boolean, status: number): Expected {
    const text = renderedCustomer(customer);
    if (dry) return { status: 200, text };
    head += 1;
    customers.set(customer.id, customer);
    const feedPosition = [head, head] as const;
    if (status === 204) return { status, text: '', feedPosition };
    const location = status === 201 ? { location: `/customers/${customer.id}` } : {};
    return { status, text, etag: `"${customer.version}"`, feedPosition, ...location };
  }

  return {
    answer,
    /** The current tag of a customer, deleted or not; undefined if there is none. */
    tagOf: (id: string) => customers.get(id)?.version,
    ids: () => [...customers.keys()],
  };
}

function fieldsAfter(
  request: Exclude<WriteRequest, { readonly operation: 'create' }>,
  { fields }: ModelCustomer,
): ModelCustomer['fields'] {
  if (request.operation === 'replace') return wholeFields(request.body);
  return request.operation === 'update' ? patchedFields(fields, request.body) : fields;
}
