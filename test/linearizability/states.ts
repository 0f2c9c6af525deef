import { entryKinds, type LogEntry, type Operation } from './history.ts';

/** A customer at one version. */
export interface State {
  readonly kind: 'absent' | 'live' | 'deleted';
  readonly value: string | undefined;
  /** The last versions up to this one at which it was live and deleted. */
  readonly lastLive: number | undefined;
  readonly lastDeleted: number | undefined;
}

/** The states by version, starting before the first; or why the log is impossible. */
export function statesOf(
  log: readonly LogEntry[],
  operations: ReadonlyMap<string, Operation>,
): readonly State[] | string {
  let state: State = { kind: 'absent', value: undefined, lastLive: undefined, lastDeleted: undefined };
  const states = [state];
  for (const [index, entry] of log.entries()) {
    const version = index + 1;
    const operation = operations.get(entry.operationId);
    if (!operation || entry.version !== version || entryKinds[operation.action.kind] !== entry.kind)
      return `The log has as its entry ${version}: ${JSON.stringify(entry)}`;
    const next = nextState(state, version, operation);
    if (!next) return `${JSON.stringify(operation)}: cannot have created version ${version}`;
    state = next;
    states.push(state);
  }
  return states;
}

function nextState(before: State, version: number, { id, action }: Operation): State | undefined {
  if ('ifMatch' in action && action.ifMatch !== undefined && action.ifMatch !== version - 1) return undefined;
  const live = (value: string | undefined): State => ({ ...before, kind: 'live', value, lastLive: version });
  switch (action.kind) {
    case 'create':
      return before.kind === 'absent' ? live(id) : undefined;
    case 'update':
      return before.kind === 'live' ? live(id) : undefined;
    case 'restore':
      return before.kind === 'deleted' ? live(before.value) : undefined;
    case 'delete':
      return before.kind === 'live' ? { ...before, kind: 'deleted', lastDeleted: version } : undefined;
    case 'read':
      return undefined;
  }
}
