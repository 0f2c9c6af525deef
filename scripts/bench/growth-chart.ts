/** The 99th percentile of each request by the number of customers, on logarithmic scales. */
import { frame, text } from './bar-chart.ts';
import type { GrowthPoint } from './growth.ts';

const left = 70;
const right = 520;
const top = 60;
const bottom = 400;
const colors = ['#0b6bcb', '#d1242f', '#1a7f37', '#9a6700', '#8250df', '#bf3989', '#0a7ea4', '#57606a'];
const shown = [
  'GET one',
  'page 1',
  'page 10,000',
  'filter email',
  'filter status',
  'q with 50 hits',
  'q with a tenth of all',
  'POST',
];

export function growthChart(all: readonly GrowthPoint[]): string {
  const points = all.filter(({ database, what }) => database === 'SQLite' && shown.includes(what));
  const sizes = [...new Set(points.map(({ customers }) => customers))].sort((one, other) => one - other);
  const values = points.map(({ p99Us }) => p99Us / 1000);
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const highest = 10 ** Math.ceil(Math.log10(Math.max(...values)));
  const span = Math.log10(Math.max(...sizes) / Math.min(...sizes)) || 1;
  const x = (size: number) => left + (Math.log10(size / Math.min(...sizes)) / span) * (right - left);
  const y = (ms: number) =>
    bottom - (Math.log10(ms / lowest) / Math.log10(highest / lowest)) * (bottom - top);
  const parts: string[] = [];
  for (let ms = lowest; ms <= highest * 1.01; ms *= 10) {
    parts.push(
      `<line x1="${left}" x2="${right}" y1="${y(ms)}" y2="${y(ms)}" stroke="#d8dee4"/>`,
      text(left - 8, y(ms) + 4, `${Number(ms.toPrecision(1))} ms`, 'text-anchor="end" fill="#656d76"'),
    );
  }
  for (const size of sizes)
    parts.push(text(x(size), bottom + 20, size.toLocaleString('en'), 'text-anchor="middle" fill="#656d76"'));
  parts.push(text((left + right) / 2, bottom + 40, 'customers', 'text-anchor="middle" fill="#656d76"'));
  parts.push(...lines(points, sizes, x, y));
  return frame(bottom + 60, '99th percentile of a request on SQLite, by number of customers', parts);
}

function lines(
  points: readonly GrowthPoint[],
  sizes: readonly number[],
  x: (size: number) => number,
  y: (ms: number) => number,
): string[] {
  const last = (what: string) =>
    points.find((point) => point.what === what && point.customers === sizes.at(-1));
  const names = shown.filter((what) => last(what));
  const places = spread(names.map((what) => y((last(what)?.p99Us ?? 1) / 1000)));
  return names.flatMap((what, index) => {
    const color = colors[shown.indexOf(what)] ?? '#000';
    const path = points
      .filter((point) => point.what === what)
      .sort((one, other) => one.customers - other.customers)
      .map(({ customers, p99Us }) => `${x(customers).toFixed(1)},${y(p99Us / 1000).toFixed(1)}`);
    const dots = path.map(
      (at) => `<circle cx="${at.split(',')[0]}" cy="${at.split(',')[1]}" r="3" fill="${color}"/>`,
    );
    return [
      `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...dots,
      text(right + 14, (places[index] ?? 0) + 4, what, `fill="${color}" font-weight="600"`),
    ];
  });
}

/** Moves labels apart that would lie on each other. */
function spread(places: readonly number[]): number[] {
  const order = places
    .map((place, index) => ({ place, index }))
    .sort((one, other) => one.place - other.place);
  let free = 0;
  const moved: number[] = [];
  for (const { place, index } of order) {
    moved[index] = Math.max(place, free);
    free = (moved[index] ?? 0) + 16;
  }
  return moved;
}
