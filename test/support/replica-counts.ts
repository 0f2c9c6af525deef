import type { TestService } from './service.ts';

export type ReplicaCounts = Readonly<Record<'served' | 'behind' | 'failed' | 'paused', number>>;

/** How often the service has asked its replica so far, by what came of it. */
export async function replicaCounts({ url }: Pick<TestService, 'url'>): Promise<ReplicaCounts> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const count = (outcome: string) =>
    Number(new RegExp(`^replica_reads_total\\{outcome="${outcome}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    served: count('served'),
    behind: count('behind'),
    failed: count('failed'),
    paused: count('paused'),
  };
}
