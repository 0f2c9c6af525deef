/**
 * Draws a panel of the dashboard as an SVG, from what a Prometheus has seen:
 * `node --import tsx scripts/panel-chart.ts http://127.0.0.1:9090 Requests 10 > chart.svg` (the last 10 minutes).
 */
import { readFileSync } from 'node:fs';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

const [, , prometheusUrl = 'http://127.0.0.1:9090', title = 'Requests', minutes = '10'] = process.argv;
const width = 760;
const height = 260;
const margin = { left: 50, right: 170, top: 34, bottom: 28 };
const colours = ['#2f6fab', '#c8553d', '#3a7d44', '#8a5a9e', '#b8860b', '#4a4e69', '#0b7a75', '#a23b72'];
const stepSeconds = 5;

const file = new URL('../deploy/grafana/dashboards/customers.json', import.meta.url);
const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { readonly panels: readonly Panel[] };
const panel = panels.find((each) => each.title === title);
if (panel) process.stdout.write(draw(panel.title, (await Promise.all(panel.targets.map(ask))).flat()));
else
  process.stderr.write(`There is no panel ${title}. Known: ${panels.map((each) => each.title).join(', ')}\n`);

async function ask({ expr, legendFormat }: Panel['targets'][number]): Promise<readonly Line[]> {
  const end = Math.floor(Date.now() / 1000);
  const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
  const range = { start: String(end - Number(minutes) * 60), end: String(end), step: String(stepSeconds) };
  const reply = await fetch(
    `${prometheusUrl}/api/v1/query_range?${new URLSearchParams({ query, ...range })}`,
  );
  const { data } = (await reply.json()) as {
    readonly data: {
      readonly result: readonly { metric: Record<string, string>; values: [number, string][] }[];
    };
  };
  return data.result.map(({ metric, values }) => ({
    name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
    points: values.map(([seconds, value]) => [seconds, Number(value)]),
  }));
}

function draw(heading: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const [first, last] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))];
  const top = niceCeiling(Math.max(...all.map(([, value]) => value)));
  const x = (at: number) =>
    margin.left + ((at - first) / (last - first || 1)) * (width - margin.left - margin.right);
  const y = (value: number) => height - margin.bottom - (value / top) * (height - margin.top - margin.bottom);
  const rules = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(top * part).toFixed(1);
    const label = `<text x="${margin.left - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${top * part}</text>`;
    return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}" stroke="#d0d0d0"/>${label}`;
  });
  const seconds = [0, 0.5, 1].map((part) => {
    const at = first + (last - first) * part;
    return `<text x="${x(at).toFixed(1)}" y="${height - 8}" text-anchor="middle">${Math.round(at - first)} s</text>`;
  });
  const drawn = lines.map(({ name, points }, index) => {
    const colour = colours[index % colours.length];
    const path = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    const key = `<text x="${width - margin.right + 14}" y="${margin.top + 8 + index * 18}" fill="${colour}">${name}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>${key}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${heading}" font-family="sans-serif" font-size="12" fill="#555">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${margin.left}" y="20" font-size="14" fill="#222">${heading}</text>
${[...rules, ...seconds, ...drawn].join('\n')}
</svg>
`;
}

/** 1, 2 or 5 times a power of ten: a scale that can be read. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}
