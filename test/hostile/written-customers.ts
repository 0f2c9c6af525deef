import { isDeepStrictEqual } from 'node:util';
import type { Customer } from '../../src/contract/types.ts';
import type { Reply, TestService } from '../support/service.ts';
import type { DatabaseDump } from './database-dump.ts';
import type { HostileReply, HostileRequest } from './hostile-request.ts';

type Row = Readonly<Record<string, unknown>>;

/** The expected rows of the customers table: its initial rows plus what was sent since. */
export class WrittenCustomers {
  readonly #before: DatabaseDump;
  readonly #written = new Map<string, Customer>();
  readonly #erased = new Set<string>();
  readonly #faults: string[] = [];

  constructor(before: DatabaseDump) {
    this.#before = before;
  }

  get size(): number {
    return this.#written.size;
  }

  /** The service, recording every customer that a call creates. */
  watch(service: TestService): Pick<TestService, 'url' | 'call'> {
    return {
      url: service.url,
      call: async <Body>(...args: Parameters<TestService['call']>): Promise<Reply<Body>> => {
        const reply = await service.call<Body>(...args);
        if (reply.status < 300 && reply.text !== '') this.#keep(reply.text);
        if (reply.status === 204) this.#markDeleted(args[1]);
        return reply;
      },
    };
  }

  /** Records what a request wrote, and checks that the response matches it. */
  note(request: HostileRequest, reply: HostileReply): void {
    const { method, operationId } = request.target;
    if (operationId === 'eraseCustomer') {
      if (reply.status === 200) this.#erased.add(String(request.path.customerId));
      return;
    }
    if (reply.status === 204) this.#markDeleted(request.path.customerId ?? '');
    if (method === 'GET' || reply.status >= 300 || reply.status === 204) return;
    const validated = request.query.some(([name, value]) => name === 'validateOnly' && value === 'true');
    if (!validated) this.#keep(reply.text);
    if (!/json$/.test(request.headers['Content-Type'] ?? '')) return;
    const sent = JSON.parse(Buffer.from(request.body ?? []).toString()) as Row;
    const stored = JSON.parse(reply.text) as Row;
    const differing = Object.entries(sent).filter(([name, value]) => !isIn(value, stored[name]));
    for (const [name] of differing) this.#faults.push(`${request.label}: ${name} is not what was sent`);
  }

  /** Every difference between the tables and the expected rows. */
  compare(after: DatabaseDump): string[] {
    const faults = [...this.#faults];
    for (const name of ['(schema)', 'secrets']) {
      if (!isDeepStrictEqual(after[name], this.#before[name])) faults.push(`${name} has changed`);
    }
    const earlier = new Map(rowsOf(this.#before).map((row) => [row.id, row]));
    const rows = rowsOf(after);
    for (const row of rows) {
      const customer = this.#written.get(String(row.id));
      const known = earlier.get(row.id);
      if (customer) faults.push(...differences(row, customer));
      else if (!isDeepStrictEqual(row, known)) faults.push(`customer ${row.id}: was never sent`);
    }
    const ids = new Set(rows.map(({ id }) => id));
    const lost = [...this.#written.keys(), ...earlier.keys()].filter(
      (id) => !ids.has(id) && !this.#erased.has(String(id)),
    );
    return [...faults, ...lost.map((id) => `customer ${id} is missing`)];
  }

  #keep(text: string): void {
    const customer = JSON.parse(text) as Customer;
    const known = this.#written.get(customer.id);
    if (!known || known.version <= customer.version) this.#written.set(customer.id, customer);
  }

  #markDeleted(path: string): void {
    const id = path.split('/').at(-1) ?? '';
    const customer = this.#written.get(id);
    if (customer)
      this.#written.set(id, { ...customer, version: customer.version + 1, deletedAt: 'some time' });
  }
}

/** Whether all of a sent value is in the stored one; maps may lack null members. */
function isIn(sent: unknown, stored: unknown): boolean {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent))
    return isDeepStrictEqual(sent, stored);
  if (typeof stored !== 'object' || stored === null) return false;
  return Object.entries(sent).every(
    ([name, value]) => Object.hasOwn(stored, name) && isIn(value, (stored as Row)[name]),
  );
}

function rowsOf(dump: DatabaseDump): Row[] {
  return (dump.customers ?? []).map((text) => JSON.parse(text) as Row);
}

/** Compares the columns that hold caller data with the customer's members. */
function differences(row: Row, customer: Customer): string[] {
  const parsed = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : value);
  const { externalId, type, name, email, phone, locale, timeZone, address, status, tags, note, metadata } =
    customer;
  const expected = {
    externalId,
    type,
    name,
    email,
    phone,
    locale,
    timeZone,
    address,
    status,
    tags,
    note,
    metadata,
  };
  const actual = {
    externalId: row.external_id,
    type: row.type,
    name: row.name,
    email: row.email,
    phone: row.phone,
    locale: row.locale,
    timeZone: row.time_zone,
    address: parsed(row.address),
    status: row.status,
    tags: parsed(row.tags),
    note: row.note,
    metadata: parsed(row.metadata),
  };
  const faults = isDeepStrictEqual(actual, expected) ? [] : [`customer ${row.id} is not what was sent`];
  if (Number(row.version) !== customer.version) faults.push(`customer ${row.id} has version ${row.version}`);
  if ((row.deleted_at === null) !== (customer.deletedAt === null))
    faults.push(`customer ${row.id} is deleted or not`);
  return faults;
}
