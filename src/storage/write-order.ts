import type { Command } from '../domain/commands.ts';
import { emailKey } from '../domain/normalization.ts';

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
