/** Compares two instances of the service with one, each behind the nginx of deploy/gateway, on one PostgreSQL. */
import { type GatewayName, startGateway, without } from '../../test/deploy/gateway-process.ts';
import { limitCpu } from './cpu-limit.ts';
import { createApiKey } from './databases.ts';
import { putLoad } from './load.ts';
import { type Measurement, measurement, median, pairwise } from './measurement.ts';
import { headersFor, type OperationName, operationTitles, requestsOn } from './operations.ts';
import { startPostgres } from './postgres-run.ts';
import { cpuTimeUs, machineCpuTimeUs } from './process-figures.ts';
import { progress } from './progress.ts';
import { type Server, startService } from './servers.ts';

const operations: readonly OperationName[] = ['get', 'list', 'post', 'patch'];
const callers = 64;
const rounds = 3;
const seconds = 3;
const warmUpSeconds = 6;
/** More than can come: what is measured is not nginx's limit. */
const ratePerSecond = 1_000_000;

/** One or both instances behind a gateway. */
interface Setup {
  readonly url: string;
  readonly instances: readonly Server[];
}

interface Turn {
  readonly perSecond: number;
  readonly p99Us: number;
  /** CPU time of the instances together for a request. */
  readonly cpuUs: number;
  /** What the instances take of all CPU time that was used on the machine. */
  readonly share: number;
}

export async function measureInstances(customers: number): Promise<Measurement[]> {
  const gateway: GatewayName = 'nginx';
  const missing = without(gateway);
  if (missing) throw new Error(`This needs nginx and openssl: ${missing}.`);
  const endings: (() => unknown)[] = [];
  const cleanup = { after: (end: () => unknown) => endings.unshift(end) };
  const cluster = await startPostgres(customers);
  cleanup.after(() => cluster.stop());
  try {
    progress('starting two instances, and nginx before one and before both');
    const key = await createApiKey(cluster.url);
    const start = (name: string) => startService(name, cluster.url, key, name);
    const one = await start('instance-1');
    const other = await start('instance-2');
    for (const { stop } of [one, other]) cleanup.after(stop);
    const setup = async (instances: readonly [Server, Server]): Promise<Setup> => {
      const [first, second] = instances.map(({ url }) => Number(new URL(url).port)) as [number, number];
      const { port } = await startGateway(cleanup, gateway, [first, second], ratePerSecond);
      return { url: `https://127.0.0.1:${port}`, instances: [...new Set(instances)] };
    };
    const setups = [await setup([one, one]), await setup([one, other])] as const;
    const rows: Measurement[] = [];
    for (const operation of operations) rows.push(...(await compare(operation, setups, customers)));
    return rows;
  } finally {
    for (const end of endings) await end();
  }
}

/** What an instance may have of a core where both are to have less than there is: the rest is for all others. */
const limitedShare = 0.1;

/**
 * In two ways. Without limits, where instances, PostgreSQL, nginx and generator fight for the same cores, it shows what
 * it costs to share the work. With little of a core for each instance it shows whether two do twice as much.
 */
async function compare(
  operation: OperationName,
  setups: readonly [Setup, Setup],
  customers: number,
): Promise<Measurement[]> {
  // Both use one database with one key: each accepts ids and tags that the other returned.
  const requests = await requestsOn(setups[0].instances[0] as Server, operation, customers);
  const title = operationTitles[operation];
  for (const setup of setups) {
    progress(`${title}: warming up`);
    await measureTurn(setup, operation, requests, { seconds: warmUpSeconds });
  }
  const free = await takeTurns(setups, `${title}, no limits`, (setup) =>
    measureTurn(setup, operation, requests, { seconds }),
  );
  const limited = await takeTurns(setups, `${title}, limited`, async (setup) => {
    const end = limitCpu(
      setup.instances.map(({ pid }) => pid),
      limitedShare,
    );
    // As many callers for each: a query or a transaction costs much the same for one request and for many.
    const connections = callers * setup.instances.length;
    return measureTurn(setup, operation, requests, { seconds, connections }).finally(end);
  });
  const against = 'one instance behind the same nginx';
  const row = (kind: string, what: string, { together, alone }: Turns) => ({
    id: `PostgreSQL instances ${kind} ${operation}`,
    what: `${title} by two instances behind nginx: ${what}`,
    against,
    ours: inUnits(together),
    theirs: inUnits(alone),
  });
  const ratios = ({ together, alone }: Turns, figure: (turn: Turn) => number) =>
    pairwise(together, alone, (two, one) => figure(two) / figure(one));
  return [
    measurement(
      row(
        'limited',
        `requests a second, each with ${limitedShare * 100}% of a core and ${callers} callers`,
        limited,
      ),
      ratios(limited, ({ perSecond }) => perSecond),
      { atLeast: 1.6 },
    ),
    measurement(
      // Each shares queries and commits among fewer callers.
      row('free', `CPU of both for a request, the same cores and ${callers} callers`, free),
      ratios(free, ({ cpuUs }) => cpuUs),
      { atMost: 1.5 },
    ),
  ];
}

interface Turns {
  readonly alone: readonly Turn[];
  readonly together: readonly Turn[];
}

async function takeTurns(
  [alone, together]: readonly [Setup, Setup],
  title: string,
  measure: (setup: Setup) => Promise<Turn>,
): Promise<Turns> {
  const turns: { readonly alone: Turn[]; readonly together: Turn[] } = { alone: [], together: [] };
  for (let round = 1; round <= rounds; round += 1) {
    progress(`${title}: round ${round} of ${rounds}`);
    turns.alone.push(await measure(alone));
    turns.together.push(await measure(together));
  }
  return turns;
}

async function measureTurn(
  { url, instances }: Setup,
  operation: OperationName,
  requests: Awaited<ReturnType<typeof requestsOn>>,
  { seconds, connections = callers }: { readonly seconds: number; readonly connections?: number },
): Promise<Turn> {
  const used = () => instances.reduce((sum, { pid }) => sum + cpuTimeUs(pid), 0);
  const headers = { ...headersFor(operation), ...instances[0]?.headers };
  const [before, machineBefore] = [used(), machineCpuTimeUs()];
  const result = await putLoad(url, { requests, headers, connections, seconds });
  const cpuUs = used() - before;
  return {
    perSecond: (result.requests / result.durationUs) * 1e6,
    p99Us: result.p99Us,
    cpuUs: cpuUs / result.requests,
    share: cpuUs / (machineCpuTimeUs() - machineBefore),
  };
}

function inUnits(turns: readonly Turn[]): string {
  const typical = (figure: (turn: Turn) => number) => median(turns.map(figure));
  return (
    `${typical(({ cpuUs }) => cpuUs).toFixed(0)} µs, ${typical(({ perSecond }) => perSecond).toFixed(0)}/s, ` +
    `p99 ${(typical(({ p99Us }) => p99Us) / 1000).toFixed(0)} ms, ${(typical(({ share }) => share) * 100).toFixed(0)}% of the machine's work`
  );
}
