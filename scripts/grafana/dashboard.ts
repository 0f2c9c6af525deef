import type { Dashboard, Panel } from '@grafana/schema';

/** A graph: what it is called, in which unit, and the queries with what their lines are called. */
interface Graph {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expression: string, legend: string])[];
}

const of = '{job="customers",instance=~"$instance"}';
const where = (matchers: string) => of.replace('}', `,${matchers}}`);
const rate = (metric: string, matchers?: string) =>
  `rate(${metric}${matchers ? where(matchers) : of}[$__rate_interval])`;
const quantile = (part: number, histogram: string, by = '', matchers?: string) =>
  `histogram_quantile(${part}, sum by (le${by}) (${rate(`${histogram}_bucket`, matchers)}))`;
const unbounded = 'operation!~"listChanges|importCustomers|exportCustomers|other"';

/** In the order of the questions of somebody who was woken. */
const graphs: readonly Graph[] = [
  {
    title: 'Requests',
    description: 'Answered a second, by operation.',
    unit: 'reqps',
    queries: [[`sum by (operation) (${rate('http_requests_total')})`, '{{operation}}']],
  },
  {
    title: 'Answers by status',
    description: '5xx: look into the log for err. 499: the caller did not wait.',
    unit: 'reqps',
    queries: [[`sum by (status) (${rate('http_requests_total')})`, '{{status}}']],
  },
  {
    title: 'Duration, 99th percentile',
    description: 'Of the operations that end by themselves.',
    unit: 's',
    queries: [[quantile(0.99, 'http_request_duration_seconds', ', operation', unbounded), '{{operation}}']],
  },
  {
    title: 'Duration of all, percentiles',
    description: 'Of the operations that end by themselves.',
    unit: 's',
    queries: [0.5, 0.9, 0.99].map((part) => [
      quantile(part, 'http_request_duration_seconds', '', unbounded),
      `p${part * 100}`,
    ]),
  },
  {
    title: 'Requests under way',
    description: 'At REQUESTS_MAX further ones are refused with 503.',
    unit: 'short',
    queries: [[`http_requests_in_flight${of}`, '{{instance}}']],
  },
  {
    title: 'Refused callers',
    description: 'For their credential, its scope, their origin or their number, by reason.',
    unit: 'reqps',
    queries: [[`sum by (reason) (${rate('http_requests_refused_total')})`, '{{reason}}']],
  },
  {
    title: 'Queue of writes',
    description: 'At 10,000 further ones are refused with 503.',
    unit: 'short',
    queries: [[`write_queue_length${of}`, '{{instance}}']],
  },
  {
    title: 'Writes wait and commit, 99th percentile',
    description: 'How long the first of each group waits for its transaction, and how long that takes.',
    unit: 's',
    queries: [
      [quantile(0.99, 'write_queue_wait_seconds'), 'wait'],
      [quantile(0.99, 'write_group_duration_seconds'), 'commit'],
    ],
  },
  {
    title: 'Writes in a transaction',
    description: 'Grows with the load: that is how one fsync serves many.',
    unit: 'short',
    queries: [[`sum(${rate('write_group_size_sum')}) / sum(${rate('write_group_size_count')})`, 'mean']],
  },
  {
    title: 'Connections to the database',
    description: 'In use, and who waits for one.',
    unit: 'short',
    queries: [
      [`sum by (pool) (database_connections_in_use${of})`, '{{pool}} in use'],
      [`sum by (pool) (database_connections_max${of})`, '{{pool}} at most'],
      [`sum by (pool) (database_connection_waiters${of})`, '{{pool}} waited for'],
    ],
  },
  {
    title: 'Write-ahead log of SQLite',
    description: 'Written back at 4 MB as a rule; a long read keeps it from that.',
    unit: 'bytes',
    queries: [[`sqlite_wal_bytes${of}`, '{{instance}}']],
  },
  {
    title: 'Change feed',
    description: 'Open streams, and how far the slowest instance is behind.',
    unit: 'short',
    queries: [
      [`sum(feed_streams_open${of})`, 'streams'],
      [`max(feed_lag_changes${of})`, 'changes behind'],
    ],
  },
  {
    title: 'Changes',
    description: 'Committed a second, by all instances.',
    unit: 'short',
    queries: [[`max(${rate('feed_head_position')})`, 'changes']],
  },
  {
    title: 'Event loop lag, 99th percentile',
    description: 'How late its turns come: over 0.1 s the process has too much to do.',
    unit: 's',
    queries: [[`nodejs_eventloop_lag_p99_seconds${of}`, '{{instance}}']],
  },
  {
    title: 'Processor and memory',
    description: 'Cores in use, and resident memory.',
    unit: 'short',
    queries: [
      [rate('process_cpu_seconds_total'), '{{instance}} cores'],
      [`process_resident_memory_bytes${of} / 1073741824`, '{{instance}} GiB'],
    ],
  },
];

const panelsPerRow = 3;
const panelWidth = 24 / panelsPerRow;
const panelHeight = 8;
const datasource = { type: 'prometheus', uid: '$datasource' };

/** As Grafana reads it from a file. */
export function grafanaDashboard(): string {
  const dashboard: Dashboard = {
    uid: 'customers',
    title: 'Customers',
    description: 'Made by npm run generate: change scripts/grafana/dashboard.ts.',
    tags: ['customers'],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { type: 'datasource', name: 'datasource', query: 'prometheus' },
        {
          type: 'query',
          name: 'instance',
          datasource,
          query: 'label_values(http_requests_in_flight{job="customers"}, instance)',
          includeAll: true,
          allValue: '.*',
          multi: true,
        },
      ],
    },
    panels: graphs.map(panel),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function panel({ title, description, unit, queries }: Graph, index: number): Panel {
  const x = (index % panelsPerRow) * panelWidth;
  const y = Math.floor(index / panelsPerRow) * panelHeight;
  return {
    id: index + 1,
    type: 'timeseries',
    title,
    description,
    datasource,
    gridPos: { x, y, w: panelWidth, h: panelHeight },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], query) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + query),
      expr,
      legendFormat,
    })),
  };
}
