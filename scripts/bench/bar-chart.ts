/** The CPU time of each request, of the service and its peers, as bars. */
import type { Measurement } from './measurement.ts';

const width = 760;
const labelWidth = 210;
const barHeight = 17;
const barGap = 5;
const groupGap = 22;
const colors = { service: '#0b6bcb', peer: '#b8c2cc', text: '#24292f', faint: '#656d76' };

interface Bar {
  readonly label: string;
  readonly us: number;
  readonly ours: boolean;
}

export function barChart(rows: readonly Measurement[]): string {
  const groups = groupsOf(rows);
  const parts: string[] = [];
  let y = 58;
  for (const [title, bars] of groups) {
    // Each group has its own scale: a write costs many times a read.
    const most = Math.max(...bars.map(({ us }) => us));
    parts.push(text(20, y + 4, title, `font-weight="600" fill="${colors.text}"`));
    y += 14;
    for (const { label, us, ours } of bars) {
      const length = Math.max(2, (us / most) * (width - labelWidth - 100));
      parts.push(
        text(labelWidth, y + 13, label, `text-anchor="end" fill="${ours ? colors.text : colors.faint}"`),
        `<rect x="${labelWidth + 10}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${ours ? colors.service : colors.peer}"/>`,
        text(labelWidth + 16 + length, y + 13, `${us} µs`, `fill="${colors.text}"`),
      );
      y += barHeight + barGap;
    }
    y += groupGap;
  }
  return frame(y, 'CPU time of the server for one request, less is better', parts);
}

/** A title, then what is drawn, on white: a page in dark colours shows it too. */
export function frame(height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${width}" height="${height}" rx="6" fill="#fff"/>
${text(20, 30, title, `font-size="15" font-weight="600" fill="${colors.text}"`)}
${parts.join('\n')}
</svg>
`;
}

export function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}

const shortNames: readonly (readonly [RegExp, string])[] = [
  [/READMEs/, 'same packages, by README'],
  [/minimal/, 'Fastify + better-sqlite3'],
  [/equal/, 'the same, equal work'],
  [/nothing/, 'node:http + better-sqlite3'],
  [/pg/, 'Fastify + pg'],
];

function groupsOf(rows: readonly Measurement[]): ReadonlyMap<string, readonly Bar[]> {
  const groups = new Map<string, Bar[]>();
  for (const { id, what, against, ours, theirs } of rows) {
    if (!/ cpu /.test(id) || id.includes('keyed')) continue;
    const title = what.replace(', CPU', '');
    const bars = groups.get(title) ?? [{ label: 'this service', us: Number.parseInt(ours, 10), ours: true }];
    const label = shortNames.find(([pattern]) => pattern.test(against))?.[1] ?? against;
    groups.set(title, [...bars, { label, us: Number.parseInt(theirs, 10), ours: false }]);
  }
  return groups;
}
