import type { Command } from '../../domain/commands.ts';
import { emailKey } from '../../domain/normalization.ts';

/**
 * Splits items into groups to be run one after another: no group has two items that share a key, and items linked
 * by keys, directly or through others, keep their order.
 */
export function conflictFreeGroups<Item>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly string[],
): Item[][] {
  const groups: Item[][] = [];
  const chains = new Map<string, Chain>();
  for (const item of items) {
    const chain: Chain = { nextGroup: 0 };
    for (const key of keysOf(item)) {
      const known = rootOf(chains.get(key) ?? chain);
      chain.nextGroup = Math.max(chain.nextGroup, known.nextGroup);
      if (known !== chain) known.mergedInto = chain;
      chains.set(key, chain);
    }
    groups[chain.nextGroup] ??= [];
    groups[chain.nextGroup]?.push(item);
    chain.nextGroup += 1;
  }
  return groups;
}

/** Items that must run in order. Two chains merge when an item has keys of both. */
interface Chain {
  /** The index of the group that its next item goes to. */
  nextGroup: number;
  mergedInto?: Chain;
}

function rootOf(chain: Chain): Chain {
  return chain.mergedInto ? rootOf(chain.mergedInto) : chain;
}

/**
 * Returns the keys by which a command conflicts with others: the customer that it targets and the externalId that it
 * sets. A merge adds its email, because the lines of an import must take effect in their order.
 * @param idsByExternalId the live customers, for commands that target one by externalId.
 */
export function conflictKeys(command: Command, idsByExternalId: ReadonlyMap<string, string>): string[] {
  switch (command.kind) {
    case 'create':
      return externalIdKeys(command.fields.externalId);
    case 'replace':
      return [command.id, ...externalIdKeys(command.fields.externalId)];
    case 'update':
      return [command.id, ...externalIdKeys(command.patch.externalId)];
    case 'upsert': {
      const id = idsByExternalId.get(command.externalId);
      return [...(id ? [id] : []), ...externalIdKeys(command.externalId)];
    }
    case 'delete':
    case 'restore':
      return [command.id];
    case 'merge': {
      const { patch } = command;
      const externalId = patch.externalId ?? '';
      const id = command.id ?? idsByExternalId.get(externalId);
      const emailKeys = patch.email ? [`email ${emailKey(patch.email)}`] : [];
      return [...(id ? [id] : []), ...externalIdKeys(externalId), ...emailKeys];
    }
  }
}

function externalIdKeys(externalId: string | null | undefined): string[] {
  return externalId ? [`external id ${externalId}`] : [];
}
