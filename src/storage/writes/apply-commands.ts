import type { Customer } from '../../contract/types.ts';
import type { IdSource } from '../../domain/clock.ts';
import { type Command, type Decision, decide, erased } from '../../domain/commands.ts';
import { Failure } from '../../domain/failures.ts';
import { searchText } from '../../domain/normalization.ts';
import {
  type CustomerInsertion,
  type CustomerRows,
  createCustomerInsertion,
  createSearchRows,
  type SearchRows,
} from '../customers/rows.ts';
import type { Session } from '../engine/engine.ts';
import type { ErasureRows } from '../erasure/rows.ts';
import { WriteConflict } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';
import { claimsUniqueMember, takenFailure } from './unique-members.ts';

/** A command to apply. Applying sets its decision, and its failure when it was refused. */
export interface PendingCommand {
  readonly command: Command;
  decision?: Decision;
  failure?: Failure;
}

/** The stored customers that a group of commands targets. */
interface Targets {
  readonly byId: ReadonlyMap<string, Customer>;
  readonly byExternalId: ReadonlyMap<string, Customer>;
  readonly erasedIds: ReadonlySet<string>;
}

/** Applies commands on different customers with a few statements for all of them. */
export class CommandApplier {
  readonly #dialect: Dialect;
  readonly #rows: CustomerRows;
  readonly #erasures: ErasureRows;
  readonly #ids: IdSource;
  readonly #search: SearchRows;
  readonly #insert: CustomerInsertion;

  constructor(dialect: Dialect, rows: CustomerRows, erasures: ErasureRows, ids: IdSource) {
    this.#dialect = dialect;
    this.#rows = rows;
    this.#erasures = erasures;
    this.#ids = ids;
    this.#search = createSearchRows(dialect);
    this.#insert = createCustomerInsertion(dialect, rows, this.#search);
  }

  /**
   * Locks the targets, decides every command and stores the decisions.
   * @param at the time of the transaction, RFC 3339 with milliseconds.
   * @returns the items that made a new version, in the order in which they were stored.
   * @throws WriteConflict when another instance changed a target at the same time.
   */
  async apply<Item extends PendingCommand>(
    session: Session,
    items: readonly Item[],
    at: string,
  ): Promise<Item[]> {
    const targets = await this.#lockTargets(session, items);
    for (const item of items) decideItem(item, targets, at, this.#ids);
    assertDistinctTargets(items);

    const changing = items.filter(({ decision }) => decision?.change);
    // Updates go first: a unique value that one of them releases is then free for an insert.
    const updated = await this.#update(
      session,
      changing.filter((item) => decisionOf(item).before !== null),
    );
    const inserted = await this.#insertNew(
      session,
      changing.filter((item) => decisionOf(item).before === null),
    );
    return [...updated, ...inserted];
  }

  async #lockTargets(session: Session, items: readonly PendingCommand[]): Promise<Targets> {
    const ids = items.flatMap(({ command }) => targetId(command) ?? []);
    const externalIds = items.flatMap(({ command }) => targetExternalId(command) ?? []);
    const byId = new Map((await this.#rows.lock(session, ids)).map((customer) => [customer.id, customer]));
    const holders = await this.#rows.lockByExternalId(session, externalIds);
    return {
      byId,
      byExternalId: new Map(holders.map((customer) => [customer.externalId ?? '', customer])),
      erasedIds: await this.#erasures.among(
        session,
        ids.filter((id) => !byId.has(id)),
      ),
    };
  }

  async #update<Item extends PendingCommand>(session: Session, items: readonly Item[]): Promise<Item[]> {
    const claiming = items.filter((item) => claimsUniqueMember(decisionOf(item)));
    const plain = items.filter((item) => !claimsUniqueMember(decisionOf(item)));
    if (plain.length > 0) await this.#rows.update(session, plain.map(decisionOf));
    for (const item of claiming) {
      if (!(await this.#updateUnlessTaken(session, decisionOf(item)))) await this.#refuse(session, item);
    }
    const stored = [...plain, ...claiming].filter(({ failure }) => !failure);
    await this.#reindex(session, stored.map(decisionOf));
    return stored;
  }

  /** Uses a savepoint: PostgreSQL aborts the whole transaction when a unique index refuses a statement. */
  async #updateUnlessTaken(session: Session, decision: Decision): Promise<boolean> {
    await session.run('SAVEPOINT claim', []);
    try {
      await this.#rows.update(session, [decision]);
    } catch (error) {
      if (this.#dialect.errorMeaning(error) !== 'unique') throw error;
      await session.run('ROLLBACK TO SAVEPOINT claim', []);
      await session.run('RELEASE SAVEPOINT claim', []);
      return false;
    }
    await session.run('RELEASE SAVEPOINT claim', []);
    return true;
  }

  async #reindex(session: Session, decisions: readonly Decision[]): Promise<void> {
    const retagged = decisions.filter(tagsChanged).map(({ after }) => after.id);
    await this.#rows.indexTags(session, retagged, { isNew: false });
    const reworded = decisions.filter(searchTextChanged).map(({ after }) => after);
    if (reworded.length > 0) await this.#search.index(session, reworded);
  }

  async #insertNew<Item extends PendingCommand>(session: Session, items: readonly Item[]): Promise<Item[]> {
    if (items.length === 0) return [];
    const inserted = await this.#insert(
      session,
      items.map((item) => decisionOf(item).after),
    );
    for (const item of items) {
      if (!inserted.has(decisionOf(item).after.id)) await this.#refuse(session, item);
    }
    return items.filter(({ failure }) => !failure);
  }

  /** @throws WriteConflict when the row that blocked the write is gone, or is the very target of an upsert. */
  async #refuse(session: Session, item: PendingCommand): Promise<void> {
    const { before, after } = decisionOf(item);
    const taken = await this.#rows.takenMembers(session, after);
    const targetAppeared =
      before === null && targetExternalId(item.command) !== undefined && taken.includes('externalId');
    if (taken.length === 0 || targetAppeared) throw new WriteConflict();
    item.failure = takenFailure(taken);
  }
}

/** The decision of a command that was decided. */
export function decisionOf({ decision }: PendingCommand): Decision {
  if (!decision) throw new Error('The command has not been decided.');
  return decision;
}

/** The externalId by which a command finds its customer: of an upsert, or of a merge without an id. */
export function targetExternalId(command: Command): string | undefined {
  if (command.kind === 'upsert') return command.externalId;
  if (command.kind !== 'merge' || command.id !== undefined) return undefined;
  return command.patch.externalId || undefined;
}

function targetId(command: Command): string | undefined {
  return command.kind === 'create' || command.kind === 'upsert' ? undefined : command.id;
}

function decideItem(item: PendingCommand, targets: Targets, at: string, ids: IdSource): void {
  const { command } = item;
  try {
    item.decision = decide(targetOf(command, targets), command, at, ids);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    item.failure = error;
  }
}

function targetOf(command: Command, { byId, byExternalId, erasedIds }: Targets): Customer | undefined {
  const externalId = targetExternalId(command);
  if (externalId !== undefined) return byExternalId.get(externalId);
  const id = targetId(command);
  if (id === undefined) return undefined;
  if (erasedIds.has(id)) throw erased();
  return byId.get(id);
}

/** Another instance may have given the externalId of one command to the customer that another one targets by id. */
function assertDistinctTargets(items: readonly PendingCommand[]): void {
  const ids = items.flatMap(({ decision }) => decision?.before?.id ?? []);
  if (new Set(ids).size < ids.length) throw new WriteConflict();
}

function tagsChanged({ before, after }: Decision): boolean {
  return JSON.stringify(before?.tags ?? []) !== JSON.stringify(after.tags);
}

function searchTextChanged({ before, after }: Decision): boolean {
  return before === null || searchText(before) !== searchText(after);
}
