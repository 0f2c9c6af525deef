import type { StatementSummary } from '../operations/tracing.ts';

/** Beyond this many texts the rest is read again each time. */
const summariesMax = 500;

/** Tables that a summary names, for its length is limited by the conventions. */
const tablesMax = 4;

const verb = /^\s*(\w+)/;
/** What a statement does that begins with its subqueries. */
const verbAfterWith = /\b(INSERT) INTO\b|\b(DELETE) FROM\b|\b(UPDATE) \w+ SET\b/;
const subquery = /\b(\w+)(?:\s*\([^()]*\))? AS (?:MATERIALIZED )?\(/g;
const table = /\b(?:FROM|JOIN|INTO|UPDATE) ([a-z]\w*)\b(?!\()/g;

const summaries = new Map<string, StatementSummary>();

/** What a statement does, and to which tables: a few words of our own SQL, without any value. */
export function summarize(sql: string): StatementSummary {
  const known = summaries.get(sql);
  if (known) return known;
  const summary = read(sql);
  if (summaries.size < summariesMax) summaries.set(sql, summary);
  return summary;
}

function read(sql: string): StatementSummary {
  const first = verb.exec(sql)?.[1]?.toUpperCase() ?? 'SQL';
  const operation = first === 'WITH' ? (verbAfterWith.exec(sql)?.slice(1).find(Boolean) ?? 'SELECT') : first;
  const subqueries = new Set([...sql.matchAll(subquery)].map(([, name]) => name));
  const tables = [...sql.matchAll(table)].flatMap(([, name = '']) => (subqueries.has(name) ? [] : [name]));
  return { operation, summary: [operation, ...[...new Set(tables)].slice(0, tablesMax)].join(' ') };
}
