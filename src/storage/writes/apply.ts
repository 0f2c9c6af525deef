import type { Customer } from '../../contract/types.ts';
import type { IdSource } from '../../domain/clock.ts';
import { type Command, type Decision, decide, erased } from '../../domain/commands.ts';
import { Failure } from '../../domain/failures.ts';
import { emailKey, searchText } from '../../domain/normalization.ts';
import {
  type CustomerRows,
  createCustomerInsertion,
  createSearchRows,
  type UniqueMember,
} from '../customers/rows.ts';
import type { Session } from '../engine/engine.ts';
import type { ErasureRows } from '../erasure/rows.ts';
import { MovedMeanwhile } from '../errors.ts';
import type { Dialect } from '../sql/dialect.ts';

/** A command in a batch. Its verdict is a decision that the database has taken in, or a refusal. */
export interface Deciding {
  readonly command: Command;
  decision?: Decision;
  failure?: Failure;
}

/** The customers that a round is about. */
interface Targets {
  readonly byId: ReadonlyMap<string, Customer>;
  readonly byExternalId: ReadonlyMap<string, Customer>;
  readonly erasedIds: ReadonlySet<string>;
}

/**
 * Applies commands on different customers, with a few statements for all of them. Changes of existing
 * customers go first, so that a unique key that one gives up is free for the next.
 * @returns those that made a new version, in the order in which they were applied.
 */
export function createRound(dialect: Dialect, rows: CustomerRows, erasures: ErasureRows, ids: IdSource) {
  const search = createSearchRows(dialect);
  const insert = createCustomerInsertion(dialect, rows, search);

  return async <Item extends Deciding>(
    session: Session,
    items: readonly Item[],
    at: string,
  ): Promise<Item[]> => {
    const targets = await lockTargets(session, items);
    for (const item of items) decideItem(item, targets, at, ids);
    refuseSharedTargets(items);

    const changing = items.filter(({ decision }) => decision?.change);
    const added = changing.filter(({ decision }) => decision?.before === null);
    const claiming = changing.filter(({ decision }) => decision && claimsUniqueMember(decision));
    const plain = changing.filter(
      ({ decision }) => decision && decision.before !== null && !claimsUniqueMember(decision),
    );
    if (plain.length > 0) await rows.update(session, plain.map(decisionOf));
    for (const item of claiming) {
      if (!(await updateUnlessTaken(session, decisionOf(item)))) await refuse(session, item);
    }
    const inserted = added.length > 0 ? await insert(session, added.map(customerAfter)) : new Set<string>();
    for (const item of added) {
      if (!inserted.has(customerAfter(item).id)) await refuse(session, item);
    }

    const changed = [...plain, ...claiming].filter(({ failure }) => !failure);
    await reindex(session, changed);
    return [...changed, ...added.filter(({ failure }) => !failure)];
  };

  /** Brings what existing customers are found by in line with them. */
  async function reindex(session: Session, changed: readonly Deciding[]): Promise<void> {
    const retagged = changed.filter(({ decision }) => decision && tagsChanged(decision));
    const ids = retagged.map((item) => customerAfter(item).id);
    await rows.indexTags(session, ids, { isNew: false });
    const reworded = changed.filter(({ decision }) => decision && searchTextChanged(decision));
    if (reworded.length > 0) await search.index(session, reworded.map(customerAfter));
  }

  async function lockTargets(session: Session, items: readonly Deciding[]): Promise<Targets> {
    const ids = items.flatMap(({ command }) => targetId(command) ?? []);
    const externalIds = items.flatMap(({ command }) => targetExternalId(command) ?? []);
    const byId = new Map((await rows.lock(session, ids)).map((customer) => [customer.id, customer]));
    const holders = await rows.lockHolders(session, externalIds);
    return {
      byId,
      byExternalId: new Map(holders.map((customer) => [customer.externalId ?? '', customer])),
      erasedIds: await erasures.among(
        session,
        ids.filter((id) => !byId.has(id)),
      ),
    };
  }

  /** In a savepoint, for on PostgreSQL a refused statement would take the whole transaction with it. */
  async function updateUnlessTaken(session: Session, decision: Decision): Promise<boolean> {
    await session.run('SAVEPOINT claim', []);
    try {
      await rows.update(session, [decision]);
    } catch (error) {
      if (dialect.errorMeaning(error) !== 'unique') throw error;
      await session.run('ROLLBACK TO SAVEPOINT claim', []);
      await session.run('RELEASE SAVEPOINT claim', []);
      return false;
    }
    await session.run('RELEASE SAVEPOINT claim', []);
    return true;
  }

  async function refuse(session: Session, item: Deciding): Promise<void> {
    const taken = await rows.taken(session, customerAfter(item));
    // Whoever holds the externalId that a write goes by is the one that it is meant for.
    const isMeant = targetExternalId(item.command) !== undefined && taken.includes('externalId');
    if (taken.length === 0 || (isMeant && item.decision?.before === null)) throw new MovedMeanwhile();
    item.failure = takenFailure(taken);
  }
}

function decideItem(item: Deciding, targets: Targets, at: string, ids: IdSource): void {
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

/** Another instance may have given an externalId to a customer that another write of the round is about. */
function refuseSharedTargets(items: readonly Deciding[]): void {
  const ids = items.flatMap(({ decision }) => decision?.before?.id ?? []);
  if (new Set(ids).size < ids.length) throw new MovedMeanwhile();
}

function customerAfter(item: Deciding): Customer {
  return decisionOf(item).after;
}

function decisionOf({ decision }: Deciding): Decision {
  if (!decision) throw new Error('Only a decided command has an outcome.');
  return decision;
}

/** Whether an existing customer takes an email or externalId that it did not hold among the live ones. */
function claimsUniqueMember({ before, after }: Decision): boolean {
  if (before === null || after.deletedAt !== null) return false;
  const restored = before.deletedAt !== null;
  return (['email', 'externalId'] as const).some(
    (member) => after[member] !== null && (restored || after[member] !== before[member]),
  );
}

function tagsChanged({ before, after }: Decision): boolean {
  return JSON.stringify(before?.tags ?? []) !== JSON.stringify(after.tags);
}

function searchTextChanged({ before, after }: Decision): boolean {
  return before === null || searchText(before) !== searchText(after);
}

const takenCodes = { email: 'email_taken', externalId: 'external_id_taken' } as const;

function takenFailure(members: readonly UniqueMember[]): Failure {
  const [first = 'email'] = members;
  const errors = members.map((member) => ({
    pointer: `#/${member}`,
    detail: 'is held by another customer; it must be unique among customers that are not deleted',
  }));
  return new Failure(takenCodes[first], `Another customer has this ${members.join(' and this ')}.`, {
    errors,
  });
}

/** Writes that follow each other. Two of these become one where a write belongs to both. */
interface Chain {
  /** The round of its next write. */
  next: number;
  joined?: Chain;
}

/**
 * Splits writes into rounds so that no round holds two that have a name in common, and those that are linked by
 * names, also through others, keep their order.
 */
export function roundsOf<Item>(items: readonly Item[], namesOf: (item: Item) => readonly string[]): Item[][] {
  const rounds: Item[][] = [];
  const chains = new Map<string, Chain>();
  for (const item of items) {
    const chain: Chain = { next: 0 };
    for (const name of namesOf(item)) {
      const known = lastOf(chains.get(name) ?? chain);
      chain.next = Math.max(chain.next, known.next);
      if (known !== chain) known.joined = chain;
      chains.set(name, chain);
    }
    rounds[chain.next] ??= [];
    rounds[chain.next]?.push(item);
    chain.next += 1;
  }
  return rounds;
}

function lastOf(chain: Chain): Chain {
  return chain.joined ? lastOf(chain.joined) : chain;
}

/**
 * What a command names a customer by. For a merge that is also the email that it sets: the lines of an import take
 * effect in their order, whereas writes that wait at the same time may come in any.
 * @param holders the ids of the live customers by externalId, for the commands that name one by it.
 */
export function namesOfCommand(command: Command, holders: ReadonlyMap<string, string>): string[] {
  switch (command.kind) {
    case 'create':
      return externalIdName(command.fields.externalId);
    case 'replace':
      return [command.id, ...externalIdName(command.fields.externalId)];
    case 'update':
      return [command.id, ...externalIdName(command.patch.externalId)];
    case 'upsert': {
      const holder = holders.get(command.externalId);
      return [...(holder ? [holder] : []), ...externalIdName(command.externalId)];
    }
    case 'delete':
    case 'restore':
      return [command.id];
    case 'merge': {
      const { id, patch } = command;
      const externalId = patch.externalId ?? '';
      const named = id ?? holders.get(externalId);
      const email = patch.email ? [`email ${emailKey(patch.email)}`] : [];
      return [...(named ? [named] : []), ...externalIdName(externalId), ...email];
    }
  }
}

/** The id by which a command finds its customer. */
export function targetId(command: Command): string | undefined {
  return command.kind === 'create' || command.kind === 'upsert' ? undefined : command.id;
}

/** The externalId by which an upsert, or a merge that has no id, finds its customer. */
export function targetExternalId(command: Command): string | undefined {
  if (command.kind === 'upsert') return command.externalId;
  if (command.kind !== 'merge' || command.id !== undefined) return undefined;
  return command.patch.externalId || undefined;
}

function externalIdName(externalId: string | null | undefined): string[] {
  return externalId ? [`external id ${externalId}`] : [];
}
