import type { Random } from '../support/random.ts';
import { type Action, entryKinds, type LogEntry, type Operation, type Outcome } from './history.ts';

export interface History {
  readonly operations: readonly Operation[];
  readonly log: readonly LogEntry[];
}

/** Few moments, so that calls and returns often coincide. */
const momentMax = 30;

/** A valid history: each operation takes effect at one moment, with the matching outcome. */
export function randomHistory(random: Random): History {
  const count = random.integer(2, 9);
  const moments = Array.from({ length: count }, () => random.integer(0, momentMax)).sort((a, b) => a - b);
  const operations: Operation[] = [];
  const log: LogEntry[] = [];
  let [kind, value] = ['absent' as 'absent' | 'live' | 'deleted', ''];
  for (const [index, moment] of moments.entries()) {
    const id = `o${index}`;
    const action = randomAction(random, log.length);
    let outcome: Outcome = { kind: 'done', version: log.length, value };
    const take = () =>
      log.push({ version: log.length + 1, kind: entryKinds[action.kind] ?? '', operationId: id });
    if (kind === 'absent' && action.kind !== 'create') outcome = { kind: 'absent' };
    else if (kind === 'deleted' && action.kind !== 'restore') outcome = { kind: 'deleted' };
    else if (action.kind === 'create' && kind === 'live') outcome = { kind: 'conflict' };
    else if ('ifMatch' in action && action.ifMatch !== undefined && action.ifMatch !== log.length)
      outcome = { kind: 'conflict' };
    else if (action.kind !== 'read' && !(action.kind === 'restore' && kind === 'live')) {
      if (action.kind === 'create' || action.kind === 'update') value = id;
      kind = action.kind === 'delete' ? 'deleted' : 'live';
      outcome = { kind: 'done', version: take(), value };
      if (action.kind === 'delete') outcome = { kind: 'done' };
    }
    if (random.next() < 0.1) outcome = { kind: 'unknown' };
    const calledAt = moment - random.integer(0, 8);
    // A client may have given up before the operation took effect.
    const returnedAt = outcome.kind === 'unknown' ? calledAt : moment + random.integer(0, 8);
    operations.push({ id, action, outcome, calledAt, returnedAt });
  }
  return { operations, log };
}

function randomAction(random: Random, version: number): Action {
  const condition = random.boolean() ? {} : { ifMatch: Math.max(0, version - random.integer(0, 1)) };
  return random.pick<Action>([
    { kind: 'read' },
    { kind: 'read' },
    { kind: version === 0 ? 'create' : 'read' },
    { kind: 'create' },
    { kind: 'update', ...condition },
    { kind: 'update', ...condition },
    { kind: 'delete', ...condition },
    { kind: 'restore' },
  ]);
}

/** The same with one change, which may or may not make it a violation. */
export function mutated({ operations, log }: History, random: Random): History {
  const index = random.integer(0, operations.length - 1);
  const chosen = operations[index] as Operation;
  const change = (changed: Partial<Operation>): History => ({
    operations: operations.map((operation) => (operation === chosen ? { ...chosen, ...changed } : operation)),
    log,
  });
  const shift = random.integer(-12, 12);
  switch (random.integer(0, 6)) {
    case 0:
    case 1:
      return change({ calledAt: chosen.calledAt + shift, returnedAt: chosen.returnedAt + shift });
    case 2:
      return change({ calledAt: chosen.returnedAt });
    case 3: {
      const version = random.integer(1, Math.max(1, log.length));
      const value = random.pick(operations).id;
      const outcomes: readonly Outcome[] = [
        { kind: 'absent' },
        { kind: 'deleted' },
        { kind: 'conflict' },
        { kind: 'unknown' },
        { kind: 'not stored' },
        { kind: 'done', version },
        { kind: 'done', version, value },
      ];
      return change({ outcome: random.pick(outcomes) });
    }
    case 4:
      return { operations: operations.filter((operation) => operation !== chosen), log };
    case 5:
      return { operations, log: log.slice(0, -1) };
    default: {
      const [one, other] = [random.integer(0, 8), random.integer(0, 8)].sort((a, b) => a - b);
      return change({ calledAt: chosen.calledAt + (one ?? 0), returnedAt: chosen.calledAt + (other ?? 0) });
    }
  }
}
