import { endOf, type LogEntry, type Operation } from './history.ts';

interface Now {
  readonly version: number;
  readonly kind: 'absent' | 'live' | 'deleted';
  readonly value: string | undefined;
}

/**
 * The same decision by trying every order (Wing and Gong 1993): slow but obviously correct. Operations in the
 * log must take effect as their version, and others must change nothing.
 */
export function isLinearizable(operations: readonly Operation[], log: readonly LogEntry[]): boolean {
  const ids = new Set(operations.map(({ id }) => id));
  if (log.some(({ operationId }) => !ids.has(operationId))) return false;
  const wanted = new Map(log.map((entry) => [entry.operationId, entry]));
  if (wanted.size < log.length) return false;
  const seen = new Set<string>();

  function search(left: readonly Operation[], now: Now): boolean {
    if (left.every(({ id, outcome }) => !wanted.has(id) && mayHaveDoneNothing(outcome.kind)))
      return now.version === log.length;
    const place = `${left.map(({ id }) => id)} ${now.version}`;
    if (seen.has(place)) return false;
    seen.add(place);
    return left.some((operation) => {
      if (left.some((other) => endOf(other) < operation.calledAt)) return false;
      const next = perform(operation, wanted.get(operation.id), now);
      return next !== undefined && search(without(left, operation), next);
    });
  }

  return search(operations, { version: 0, kind: 'absent', value: undefined });
}

function mayHaveDoneNothing(outcome: Operation['outcome']['kind']): boolean {
  return outcome === 'unknown' || outcome === 'not stored';
}

function without(operations: readonly Operation[], operation: Operation): readonly Operation[] {
  return operations.filter((other) => other !== operation);
}

/** The next state, if the outcome and log entry are possible in the current one. */
function perform(operation: Operation, entry: LogEntry | undefined, now: Now): Now | undefined {
  const [answer, next] = answerOf(operation, now);
  const changed = next !== now;
  if (!changed && entry) return undefined;
  if (changed && !entry) return mayHaveDoneNothing(operation.outcome.kind) ? now : undefined;
  if (changed && (entry?.version !== next.version || entry.kind !== answer.change)) return undefined;
  const { outcome } = operation;
  if (outcome.kind === 'unknown') return next;
  if (outcome.kind === 'not stored') return changed ? undefined : next;
  if (outcome.kind !== answer.kind) return undefined;
  if (outcome.kind === 'done') {
    if (outcome.version !== undefined && outcome.version !== next.version) return undefined;
    if (outcome.value !== undefined && outcome.value !== next.value) return undefined;
  }
  return next;
}

type Answer = { readonly kind: Operation['outcome']['kind']; readonly change?: string };

/** A minimal model of the service. */
function answerOf({ id, action }: Operation, now: Now): readonly [Answer, Now] {
  const version = now.version + 1;
  if (action.kind === 'create' && now.kind === 'absent')
    return [
      { kind: 'done', change: 'created' },
      { version, kind: 'live', value: id },
    ];
  if (now.kind === 'absent') return [{ kind: 'absent' }, now];
  if (action.kind === 'restore' && now.kind === 'deleted')
    return [
      { kind: 'done', change: 'restored' },
      { ...now, version, kind: 'live' },
    ];
  if (now.kind === 'deleted') return [{ kind: 'deleted' }, now];
  if (action.kind === 'read' || action.kind === 'restore') return [{ kind: 'done' }, now];
  if (action.kind === 'create') return [{ kind: 'conflict' }, now];
  if ('ifMatch' in action && action.ifMatch !== undefined && action.ifMatch !== now.version)
    return [{ kind: 'conflict' }, now];
  if (action.kind === 'delete')
    return [
      { kind: 'done', change: 'deleted' },
      { ...now, version, kind: 'deleted' },
    ];
  return [
    { kind: 'done', change: 'updated' },
    { version, kind: 'live', value: id },
  ];
}
