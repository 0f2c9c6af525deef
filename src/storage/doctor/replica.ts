import { readExtent } from '../changes/log.ts';
import type { Engine } from '../engine/engine.ts';

interface Identity {
  readonly standby: boolean;
  /** The same on a server and on every physical copy of it, and on no other. */
  readonly cluster: string;
  readonly database: string;
}

const identityStatement =
  'SELECT pg_is_in_recovery() AS standby, ' +
  '(SELECT CAST(system_identifier AS text) FROM pg_control_system()) AS cluster, ' +
  '(SELECT CAST(oid AS text) FROM pg_database WHERE datname = current_database()) AS database';

/**
 * Looks whether the replica is what it has to be. A fault is a replica of something else. A replica that cannot be
 * asked now, or was promoted in a failover, is a warning: reads go to the primary meanwhile.
 */
export async function lookAtReplica(primary: Engine, replica: Engine): Promise<Finding> {
  const own = await identityOf(primary);
  let its: Identity;
  try {
    its = await identityOf(replica);
  } catch (error) {
    return warning(`cannot be asked (${(error as Error).message}). Reads go to the primary meanwhile.`);
  }
  if (its.cluster !== own.cluster || its.database !== own.database)
    return fault('is no standby of the database of DATABASE_URL. Point DATABASE_REPLICA_URL at one.');
  if (!its.standby)
    return warning('takes writes, so it is no standby. Reads go to the primary while that is so.');
  return ok(`a standby, ${await lagOf(primary, replica)}`);
}

async function identityOf(engine: Engine): Promise<Identity> {
  const [row] = await engine.read((session) => session.run<Identity>(identityStatement, []));
  if (!row) throw new Error('the server did not say what it is');
  return row;
}

/** The replica is asked first, so that it cannot seem to be ahead. */
async function lagOf(primary: Engine, replica: Engine): Promise<string> {
  const its = await replica.read(readExtent).catch(() => undefined);
  if (!its) return 'without the tables of this service so far';
  const { head } = await primary.read(readExtent);
  return its.head === head ? 'up to date' : `${BigInt(head) - BigInt(its.head)} changes behind`;
}

/** What one look came to. A warning can wait; a fault keeps the service from doing its work. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  /** What was seen and, unless all is well, what to do. */
  readonly text: string;
}

/** Looks at one subject and changes nothing. What it rejects with is a fault. */
export type Look = () => Promise<Finding>;

/** Looks by their subjects, in the order in which they are taken. */
export type Looks = Readonly<Record<string, Look>>;

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warning = (text: string): Finding => ({ level: 'warning', text });
export const fault = (text: string): Finding => ({ level: 'fault', text });
