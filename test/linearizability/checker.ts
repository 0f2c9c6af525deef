import { type Action, endOf, entryKinds, type LogEntry, type Operation } from './history.ts';
import { type State, statesOf } from './states.ts';

/**
 * Decides whether a customer's history is linearizable: whether each operation can have happened at one moment
 * between its call and its return, one after the other, with just these outcomes (Herlihy and Wing 1990).
 *
 * In general that is NP-complete. Here versions tell the order of all changes, so that only the moments are sought
 * at which each version began. What takes effect as version v bounds that moment by its own call and return. All
 * else has observed one of some versions, and so was called before the end of one and returned after its beginning.
 * Begin with the earliest moments. An observation rules out the versions that begin after its return, and of those
 * that are left only the latest can end late enough: it cannot end before the call, so that the next one is moved
 * to then. Moments only ever move when every solution has them so; when none moves any more, all is explained.
 *
 * The log is taken for a witness, not for the truth: each entry has to be explained by an operation.
 * @returns what is wrong, or undefined.
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

/** What an acknowledgement or a refusal says against the log, whatever the time. */
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
      // Only the restoration of who is not deleted may change nothing.
      if (version === undefined && changes && action.kind !== 'restore')
        return 'was acknowledged and is lost';
      if (version !== undefined && (outcome.version ?? version) !== version)
        return `took effect as version ${version}`;
      const state = states[version ?? outcome.version ?? 0];
      if (version === undefined && state?.kind !== 'live') return 'saw what was not there';
      return outcome.value === undefined || outcome.value === state?.value
        ? undefined
        : `saw a value that this version has not: ${state?.value}`;
    }
    default:
      if (version !== undefined) return `took effect, as version ${version}`;
      return refusable(action, outcome.kind) ? undefined : 'is never answered so';
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
  // The earliest moment at which each version can have begun; one more for the end of the last one.
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
        return `${JSON.stringify(observation)}: came too early for all that it may have seen`;
      beginNotBefore(seen + 1, observation.calledAt);
    }
  } while (moved);
  for (const [index, change] of changes.entries()) {
    if ((begin[index + 1] ?? 0) > endOf(change))
      return `${JSON.stringify(change)}: version ${index + 1} can only have begun after its return`;
  }
  return undefined;
}

/** The last version that has begun by then. */
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
