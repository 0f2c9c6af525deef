/** The rows about single requests: CPU time against each peer, and the latency of a lone caller. */
import { type Measurement, measurement, median, pairwise } from './measurement.ts';
import { type OperationName, operationTitles } from './operations.ts';
import { progress } from './progress.ts';
import type { Server } from './servers.ts';
import { type CpuTarget, peers } from './targets.ts';
import { measureInTurns, type Turn, type Turns, type TurnsOptions } from './turns.ts';

export interface RequestsRun
  extends Pick<TurnsOptions, 'customers' | 'rounds' | 'seconds' | 'warmUpSeconds'> {
  /** The service first. */
  readonly servers: readonly Server[];
  readonly targets: readonly CpuTarget[];
  readonly database: string;
}

const connections = 32;

export async function measureRequests(run: RequestsRun): Promise<Measurement[]> {
  const rows: Measurement[] = [];
  const operations = [...new Set(run.targets.map(({ operation }) => operation))];
  // Peers know no keys: theirs is the plain POST of the same run.
  let plainPost: Turns | undefined;
  for (const operation of operations) {
    const targets = run.targets.filter((target) => target.operation === operation);
    const keyed = operation === 'post-keyed';
    const names = ['service', ...(keyed ? [] : targets.map(({ peer }) => peer))];
    const servers = run.servers.filter(({ name }) => names.includes(name));
    const turns = await measureInTurns(operation, servers, {
      ...run,
      connections,
      tell: telling(run, operation),
    });
    if (operation === 'post') plainPost = turns;
    const all = keyed ? { ...plainPost, ...turns } : turns;
    rows.push(...targets.map((target) => cpuRow(run.database, target, all)));
  }
  return rows;
}

function cpuRow(database: string, { operation, peer, atLeast }: CpuTarget, turns: Turns): Measurement {
  const ours = turns.service ?? [];
  const theirs = turns[peer] ?? [];
  return measurement(
    {
      id: `${database} cpu ${operation} ${peer}`,
      what: `${operationTitles[operation]} on ${database}, CPU`,
      against: peers[peer],
      ours: inUnits(ours),
      theirs: inUnits(theirs),
    },
    pairwise(ours, theirs, (one, other) => other.cpuUs / one.cpuUs),
    { atLeast },
  );
}

function inUnits(turns: readonly Turn[]): string {
  const cpuUs = median(turns.map((turn) => turn.cpuUs));
  const perSecond = median(turns.map((turn) => turn.perSecond));
  return `${cpuUs.toFixed(0)} µs, ${perSecond.toFixed(0)}/s`;
}

/** Sharing queries and transactions must not tax the lonely request. */
export async function measureLatency(run: RequestsRun): Promise<Measurement[]> {
  const servers = run.servers.filter(({ name }) => name === 'service' || name === 'minimal');
  const rows: Measurement[] = [];
  for (const operation of ['get', 'post'] as const) {
    const tell = telling(run, operation, 'one connection, ');
    const turns = await measureInTurns(operation, servers, { ...run, connections: 1, tell });
    const { service = [], minimal = [] } = turns;
    const typical = (list: readonly Turn[]) => `${median(list.map(({ p50Us }) => p50Us)).toFixed(0)} µs`;
    const row = {
      id: `${run.database} latency ${operation}`,
      what: `median latency of ${operationTitles[operation]} at one connection`,
      against: peers.minimal,
      ours: typical(service),
      theirs: typical(minimal),
    };
    const ratios = pairwise(service, minimal, (one, other) => one.p50Us / other.p50Us);
    rows.push(measurement(row, ratios, { atMost: 1.5 }));
  }
  return rows;
}

function telling(
  { database, rounds }: RequestsRun,
  operation: OperationName,
  note = '',
): TurnsOptions['tell'] {
  const title = operationTitles[operation];
  return (round, server) =>
    progress(`${title} on ${database}, ${note}round ${round} of ${rounds}: ${server}`);
}
