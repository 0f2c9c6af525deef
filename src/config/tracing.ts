import { quoted } from './parsers.ts';

/** Which requests are traced. OpenTelemetry's exporter reads where to send them from the environment itself. */
export interface TracingConfig {
  readonly sampler: (typeof samplers)[number];
  /** The share of requests, 0 to 1, that the two `traceidratio` samplers take. */
  readonly ratio: number;
}

/** The samplers of the OpenTelemetry specification that are supported. */
export const samplers = [
  ...(['always_on', 'always_off', 'traceidratio'] as const),
  ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
];

/** Parses a collector's URL. Errors never quote it, because it may hold a password. */
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

/** Parses a number from 0 to 1. */
export function zeroToOne(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number > 1) {
    throw new Error(`must be a number from 0 to 1, not ${quoted(value)}`);
  }
  return number;
}
