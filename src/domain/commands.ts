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

/** A write to one customer. */
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

/** A line of an import: patches the customer with the id or else the externalId, or creates it. */
export interface MergeCommand {
  readonly kind: 'merge';
  readonly id: string | undefined;
  readonly patch: CustomerUpdate;
}

export type ChangeKind = 'created' | 'replaced' | 'updated' | 'deleted' | 'restored' | 'erased';

/** How a change was made. */
export type ChangeSource = 'api' | 'import' | 'retention';

/** Changed fields with their values before and after. */
export type FieldChanges = Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;

/** The result of a command: a new version of the customer, or no change (`change` is null). */
export interface Decision {
  readonly before: Customer | null;
  readonly after: Customer;
  readonly change: ChangeKind | null;
}

/**
 * Builds the command of POST /customers.
 * @throws Failure `invalid_request` if the body breaks a rule that its schema cannot express.
 */
export function createCommand(body: CustomerCreate): Command {
  checkBody(body);
  return { kind: 'create', fields: fieldsFrom(body) };
}

/**
 * Builds the command of PUT. With `If-None-Match: *` it creates the customer if the id is unused.
 * @throws Failure `invalid_request`, as {@link createCommand}.
 */
export function replaceCommand(id: string, body: CustomerReplace, precondition: Precondition): Command {
  checkBody(body);
  return { kind: 'replace', id, fields: fieldsFrom(body), precondition };
}

/**
 * Builds the command of PUT by externalId.
 * @throws Failure `invalid_request`, as {@link createCommand}, and if the body has another externalId.
 */
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

/**
 * Builds the command of PATCH.
 * @throws Failure `invalid_request`, as {@link createCommand}.
 */
export function updateCommand(id: string, patch: CustomerUpdate, precondition: Precondition): Command {
  checkBody(patch);
  return { kind: 'update', id, patch, precondition };
}

/**
 * Builds the command of a line of an import, ignoring the members that the service sets itself.
 * @throws Failure `invalid_request`, as {@link createCommand}.
 */
export function mergeCommand(line: CustomerImport): MergeCommand {
  const { id, version, etag, createdAt, updatedAt, deletedAt, ...patch } = line;
  checkBody(patch);
  return { kind: 'merge', id, patch };
}

/**
 * Applies a command to the customer as read inside the transaction. Pure: uniqueness is left to the database's
 * indexes.
 * @param current the customer with the command's id, live or deleted, or the live one with its externalId.
 * @param at the time of the transaction, RFC 3339 with milliseconds.
 * @param newId creates an id if the command names none.
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
  // The clock may have been set back; updatedAt must never decrease.
  const updatedAt = at > current.updatedAt ? at : current.updatedAt;
  const { fields, deletedAt } = outcome(current, command, updatedAt);
  if (deletedAt === current.deletedAt && isDeepStrictEqual(fields, fieldsOf(current))) {
    return { before: current, after: current, change: null };
  }
  const { id, version, createdAt } = current;
  const after = assembleCustomer(fields, { id, version: version + 1, createdAt, updatedAt, deletedAt });
  return { before: current, after, change: changeKinds[command.kind] };
}

/** The fields, and `deletedAt`, that differ between two versions. */
export function fieldChanges(before: Customer, after: Customer): FieldChanges {
  const names = [...customerFieldNames, 'deletedAt'] as const;
  return Object.fromEntries(
    names
      .filter((name) => !isDeepStrictEqual(before[name], after[name]))
      .map((name) => [name, { before: before[name], after: after[name] }]),
  );
}

/** The refusal for an id that no customer has. */
export function notFound(): Failure {
  return new Failure('customer_not_found', 'No customer has this id.');
}

/** The refusal for an externalId that no live customer has. */
export function externalIdNotFound(): Failure {
  return new Failure('customer_not_found', 'No customer has this externalId.');
}

/** The refusal for a deleted customer. */
export function deleted(): Failure {
  return new Failure('customer_deleted', 'The customer was deleted. It can be restored.');
}

/** The refusal for an erased customer. */
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

/** Creates the customer of an import line. */
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
