import { quoted } from './parsers.ts';

/** Where traces go, and which. */
export interface TracingConfig {
  /** The whole URL for spans. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `service.name` among them. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly sampler: (typeof samplers)[number];
  readonly ratio: number;
}

export const samplers = [
  ...(['always_on', 'always_off', 'traceidratio'] as const),
  ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
];

/** Nothing where it is not set. It is never quoted: it may hold a password. */
export function otlpEndpoint(value: string): string {
  if (value === '') return '';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error('must be an http or https URL');
  if (url.username || url.password) {
    throw new Error('must not hold a user name or a password: use OTEL_EXPORTER_OTLP_HEADERS');
  }
  if (url.hash) throw new Error('must not have a fragment');
  return url.href;
}

/** Where a collector takes spans, below its base URL. */
export function tracesUrl(endpoint: string): string {
  if (endpoint === '') return '';
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

const headerName = /^[!#$%&'*+.^`|~\w-]+$/;
const headerValue = /^[\x20-\x7e]*$/;

/** They are secrets, and never quoted. */
export function otlpHeaders(value: string): Readonly<Record<string, string>> {
  const headers = pairs(value, false);
  const isPlain = ([name, text]: readonly [string, string]) =>
    headerName.test(name) && headerValue.test(text);
  if (!headers.every(isPlain)) throw new Error('must have names and values that HTTP can send');
  return Object.fromEntries(headers.map(([name, text]) => [name.toLowerCase(), text]));
}

export function resourceAttributes(value: string): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs(value, true));
}

/** As in W3C Baggage: the value is percent-encoded, and spaces around the parts are none of theirs. */
function pairs(value: string, mayQuote: boolean): (readonly [name: string, value: string])[] {
  const items = value.split(',').filter((item) => item.trim() !== '');
  return items.map((item, place) => {
    const [, name = '', encoded = ''] = /^\s*([^=\s]+)\s*=(.*)$/.exec(item) ?? [];
    const where = mayQuote ? quoted(item) : `item ${place + 1}`;
    if (name === '') throw new Error(`must list NAME=VALUE, comma-separated, unlike ${where}`);
    try {
      return [name, decodeURIComponent(encoded.trim())];
    } catch {
      throw new Error(`must be percent-encoded, unlike ${where}`);
    }
  });
}

export function printable(value: string): string {
  if (/\p{C}/u.test(value)) throw new Error('must be printable text');
  return value;
}

export function zeroToOne(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number > 1) {
    throw new Error(`must be a number from 0 to 1, not ${quoted(value)}`);
  }
  return number;
}
