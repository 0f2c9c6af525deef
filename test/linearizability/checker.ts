import { type Action, endOf, entryKinds, type LogEntry, type Operation } from './history.ts';
import { type State, statesOf } from './states.ts';

/**
 * Decides whether a customer's history is linearizable: whether each operation can have happened at one
 * moment between its call and its return, one after the other, with exactly these outcomes (Herlihy and Wing
 * 1990).
 *
 * The general problem is NP-complete. Here versions give the order of all changes, so only the moment at
 * which each version began is unknown. The operation that created version v bounds that moment by its call
 * and return. Every other operation observed one of some versions, so it was called before that version ended
 * and returned after it began. Start with the earliest moments. An observation rules out the versions that
 * begin after its return; of the rest, only the latest can end late enough, so the next version is moved to
 * the observation's call if necessary. Moments only move when every solution requires it; when none moves any
 * more, everything is explained.
 *
 * The log is evidence, not truth: each of its entries must be explained by an operation.
 * @returns the violation, or undefined.
 */
export function findViolation(
  operations: readonly Operation[],
  log: readonly LogEntry[],
): string | undefined {
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const versionOf = new Map(log.map(({ operationId, version }) => [operationId, version]));
  if (versionOf.size < log.length) return 'An operation has taken effect twice.';
  const states = statesOf(log, byId);
  if (typeof states === 'string') return states;
  for (const operation of operations) {
    const fault = faultOf(operation, versionOf.get(operation.id), states);
    if (fault) return `${JSON.stringify(operation)}: ${fault}`;
  }
  const changes = log.map(({ operationId }) => byId.get(operationId) as Operation);
  const observations = operations.filter(
    ({ id, outcome }) => !versionOf.has(id) && outcome.kind !== 'unknown' && outcome.kind !== 'not stored',
  );
  return findTimeTravel(changes, observations, states);
}

/** Contradictions between an outcome and the log that do not depend on time. */
function faultOf(
  { action, outcome }: Operation,
  version: number | undefined,
  states: readonly State[],
): string | undefined {
  const changes = entryKinds[action.kind] !== undefined;
  switch (outcome.kind) {
    case 'unknown':
      return undefined;
    case 'done': {
      // Only restoring a live customer may change nothing.
      if (version === undefined && changes && action.kind !== 'restore')
        return 'was acknowledged but is lost';
      if (version !== undefined && (outcome.version ?? version) !== version)
        return `took effect as version ${version}`;
      const state = states[version ?? outcome.version ?? 0];
      if (version === undefined && state?.kind !== 'live') return 'saw something that did not exist';
      return outcome.value === undefined || outcome.value === state?.value
        ? undefined
        : `saw a value that this version does not have: ${state?.value}`;
    }
    default:
      if (version !== undefined) return `took effect, as version ${version}`;
      return refusable(action, outcome.kind) ? undefined : 'is an impossible outcome';
  }
}

function refusable(action: Action, outcome: Operation['outcome']['kind']): boolean {
  if (outcome === 'absent') return action.kind !== 'create';
  if (outcome === 'deleted') return action.kind !== 'restore';
  if (outcome !== 'conflict') return true;
  return action.kind === 'create' || ('ifMatch' in action && action.ifMatch !== undefined);
}

function findTimeTravel(
  changes: readonly Operation[],
  observations: readonly Operation[],
  states: readonly State[],
): string | undefined {
  // The earliest possible start of each version; one more for the end of the last.
  const begin = new Float64Array(changes.length + 2).fill(Number.NEGATIVE_INFINITY);
  let moved = false;

  function beginNotBefore(from: number, moment: number): void {
    for (let version = from; version < begin.length && (begin[version] ?? 0) < moment; version++) {
      begin[version] = moment;
      moved = true;
    }
  }

  for (const [index, { calledAt }] of changes.entries()) beginNotBefore(index + 1, calledAt);
  do {
    moved = false;
    for (const observation of observations) {
      const latest = lastBegun(begin, changes.length, endOf(observation));
      const seen = lastObservable(observation, latest, states);
      if (seen === undefined)
        return `${JSON.stringify(observation)}: came too early for everything it may have seen`;
      beginNotBefore(seen + 1, observation.calledAt);
    }
  } while (moved);
  for (const [index, change] of changes.entries()) {
    if ((begin[index + 1] ?? 0) > endOf(change))
      return `${JSON.stringify(change)}: version ${index + 1} can only have begun after its return`;
  }
  return undefined;
}

/** The last version that has started by then. */
function lastBegun(begin: Float64Array, last: number, moment: number): number {
  let [low, high] = [0, last];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((begin[middle] ?? 0) <= moment) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The last version up to this one that explains an outcome. */
function lastObservable(
  { action, outcome }: Operation,
  latest: number,
  states: readonly State[],
): number | undefined {
  switch (outcome.kind) {
    case 'done':
      return (outcome.version ?? 0) <= latest ? outcome.version : undefined;
    case 'absent':
      return 0;
    case 'deleted':
      return states[latest]?.lastDeleted;
    case 'conflict': {
      const live = states[latest]?.lastLive;
      const unmet = 'ifMatch' in action ? action.ifMatch : undefined;
      return live !== undefined && live === unmet ? states[live - 1]?.lastLive : live;
    }
    default:
      throw new Error(`${outcome.kind} observes nothing.`);
  }
}
