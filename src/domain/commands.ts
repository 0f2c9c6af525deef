import { isDeepStrictEqual } from 'node:util';
import type {
  Customer,
  CustomerCreate,
  CustomerImport,
  CustomerReplace,
  CustomerUpdate,
} from '../contract/types.ts';
import type { IdSource } from './clock.ts';
import {
  assembleCustomer,
  type CustomerFields,
  customerFieldNames,
  fieldsFrom,
  fieldsOf,
  mergePatch,
} from './customer.ts';
import { Failure, invalidRequest } from './failures.ts';
import { checkAbsent, checkPrecondition, type Precondition } from './preconditions.ts';
import { checkBody, checkMerged } from './validation.ts';

/** What a caller wants done to one customer. */
export type Command =
  | { readonly kind: 'create'; readonly fields: CustomerFields }
  | (Targeted & { readonly kind: 'replace'; readonly fields: CustomerFields })
  | UpsertCommand
  | (Targeted & { readonly kind: 'update'; readonly patch: CustomerUpdate })
  | MergeCommand
  | (Targeted & { readonly kind: 'delete' })
  | (Targeted & { readonly kind: 'restore' });

interface Targeted {
  readonly id: string;
  readonly precondition: Precondition;
}

/** Replaces the live customer that holds the externalId, or creates one. */
export interface UpsertCommand {
  readonly kind: 'upsert';
  readonly externalId: string;
  readonly fields: CustomerFields;
  readonly precondition: Precondition;
}

/** Patches the customer with the id, or without one the live one with the patch's externalId; else creates it. */
export interface MergeCommand {
  readonly kind: 'merge';
  readonly id: string | undefined;
  readonly patch: CustomerUpdate;
}

export type ChangeKind = 'created' | 'replaced' | 'updated' | 'deleted' | 'restored' | 'erased';

/** By which way a change came in. */
export type ChangeSource = 'api' | 'import' | 'retention';

/** Changed fields with their values before and after. */
export type FieldChanges = Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;

/** What a command comes to: a new version of the customer, or (`change` null) nothing at all. */
export interface Decision {
  readonly before: Customer | null;
  readonly after: Customer;
  readonly change: ChangeKind | null;
}

/** @throws Failure `invalid_request` when the body breaks a rule that the schema cannot state. */
export function createCommand(body: CustomerCreate): Command {
  checkBody(body);
  return { kind: 'create', fields: fieldsFrom(body) };
}

/** With If-None-Match: `*` among its conditions it creates the customer where the id is unused.
 * @throws Failure `invalid_request`, as {@link createCommand}. */
export function replaceCommand(id: string, body: CustomerReplace, precondition: Precondition): Command {
  checkBody(body);
  return { kind: 'replace', id, fields: fieldsFrom(body), precondition };
}

/** @throws Failure `invalid_request`, as {@link createCommand}, and for a body with another externalId. */
export function upsertCommand(
  externalId: string,
  body: CustomerReplace,
  precondition: Precondition,
): UpsertCommand {
  if (body.externalId !== undefined && body.externalId !== externalId) {
    const detail = 'must be the externalId of the path, or be left out';
    throw invalidRequest([{ pointer: '#/externalId', detail }]);
  }
  checkBody(body);
  return { kind: 'upsert', externalId, fields: fieldsFrom({ ...body, externalId }), precondition };
}

/** @throws Failure `invalid_request`, as {@link createCommand}. */
export function updateCommand(id: string, patch: CustomerUpdate, precondition: Precondition): Command {
  checkBody(patch);
  return { kind: 'update', id, patch, precondition };
}

/** What the service sets itself is taken no notice of.
 * @throws Failure `invalid_request`, as {@link createCommand}. */
export function mergeCommand(line: CustomerImport): MergeCommand {
  const { id, version, etag, createdAt, updatedAt, deletedAt, ...patch } = line;
  checkBody(patch);
  return { kind: 'merge', id, patch };
}

/**
 * Decides a command against the customer as it is inside the transaction. Uniqueness is not decided here:
 * only the database's indexes can.
 * @param current the customer with the command's id, deleted or not, or the live one with its externalId;
 * undefined where there is none.
 * @param at the time of the transaction, RFC 3339 with milliseconds.
 * @param newId makes the id of a customer that the command creates without naming one.
 * @throws Failure in the order 404/410, 428, 412 (RFC 9110 section 13.2.1).
 */
export function decide(
  current: Customer | undefined,
  command: Command,
  at: string,
  newId: IdSource,
): Decision {
  if (command.kind === 'create') return created(command.fields, newId(), at);
  if (!current) return createdWhereAbsent(command, at, newId);
  if (current.deletedAt !== null && command.kind !== 'restore') throw deleted();
  if (command.kind !== 'merge') {
    checkPrecondition(command.precondition, current.etag, command.kind === 'replace');
  }
  // A clock that was set back must not make a later version look older.
  const updatedAt = at > current.updatedAt ? at : current.updatedAt;
  const { fields, deletedAt } = outcome(current, command, updatedAt);
  if (deletedAt === current.deletedAt && isDeepStrictEqual(fields, fieldsOf(current))) {
    return { before: current, after: current, change: null };
  }
  const { id, version, createdAt } = current;
  const after = assembleCustomer(fields, { id, version: version + 1, createdAt, updatedAt, deletedAt });
  return { before: current, after, change: changeKinds[command.kind] };
}

/** The changed fields between two versions. `deletedAt` is among them, the version's own marks are not. */
export function fieldChanges(before: Customer, after: Customer): FieldChanges {
  const names = [...customerFieldNames, 'deletedAt'] as const;
  return Object.fromEntries(
    names
      .filter((name) => !isDeepStrictEqual(before[name], after[name]))
      .map((name) => [name, { before: before[name], after: after[name] }]),
  );
}

export function notFound(): Failure {
  return new Failure('customer_not_found', 'No customer has this id.');
}

export function externalIdNotFound(): Failure {
  return new Failure('customer_not_found', 'No customer has this externalId.');
}

export function deleted(): Failure {
  return new Failure('customer_deleted', 'The customer was deleted. It can be restored.');
}

export function erased(): Failure {
  return new Failure('customer_erased', 'The customer was erased for good.');
}

const changeKinds = {
  replace: 'replaced',
  upsert: 'replaced',
  update: 'updated',
  merge: 'updated',
  delete: 'deleted',
  restore: 'restored',
} as const;

function createdWhereAbsent(
  command: Exclude<Command, { kind: 'create' }>,
  at: string,
  newId: IdSource,
): Decision {
  if (command.kind === 'merge') return mergedAsNew(command, at, newId);
  const isUpsert = command.kind === 'upsert';
  const isCreation = command.kind === 'replace' && command.precondition.ifNoneMatch === '*';
  if (!isUpsert && !isCreation) throw notFound();
  checkAbsent(command.precondition);
  return created(command.fields, isUpsert ? newId() : command.id, at);
}

/** A merge into a customer that says nothing yet. */
function mergedAsNew({ id, patch }: MergeCommand, at: string, newId: IdSource): Decision {
  const { name } = patch;
  if (name === undefined) {
    const detail = 'must be there: no live customer has this id or externalId, so that the line makes one';
    throw invalidRequest([{ pointer: '#/name', detail }]);
  }
  const fields = mergePatch(fieldsFrom({ name }), patch);
  checkMerged(fields);
  return created(fields, id ?? newId(), at);
}

function created(fields: CustomerFields, id: string, at: string): Decision {
  const state = { id, version: 1, createdAt: at, updatedAt: at, deletedAt: null };
  return { before: null, after: assembleCustomer(fields, state), change: 'created' };
}

function outcome(
  current: Customer,
  command: Exclude<Command, { kind: 'create' }>,
  at: string,
): { fields: CustomerFields; deletedAt: string | null } {
  switch (command.kind) {
    case 'replace':
    case 'upsert':
      return { fields: command.fields, deletedAt: null };
    case 'update':
    case 'merge': {
      const fields = mergePatch(fieldsOf(current), command.patch);
      checkMerged(fields);
      return { fields, deletedAt: null };
    }
    case 'delete':
      return { fields: fieldsOf(current), deletedAt: at };
    case 'restore':
      return { fields: fieldsOf(current), deletedAt: null };
  }
}
