import type { TestService } from './service.ts';

export type ReplicaCounts = Readonly<Record<'served' | 'behind' | 'failed' | 'paused' | 'all', number>>;

const outcomes = ['served', 'behind', 'failed', 'paused'];

/** How many reads the service has sent to its replica so far, by result. */
export async function replicaCounts({ url }: Pick<TestService, 'url'>): Promise<ReplicaCounts> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const count = (outcome: string) =>
    Number(new RegExp(`^replica_reads_total\\{outcome="${outcome}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const [served = 0, behind = 0, failed = 0, paused = 0] = outcomes.map(count);
  return { served, behind, failed, paused, all: served + behind + failed + paused };
}
