/** What the settings of traces may be and may not be, for `config.test.ts`. */
import type { Config } from '../../src/config/config.ts';
import { type InvalidCase, password, type ValidCase } from './authentication-cases.ts';

type Tracing = NonNullable<Config['tracing']>;

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const usual: Tracing = {
  url: 'http://collector:4318/v1/traces',
  headers: {},
  resourceAttributes: { 'service.name': 'customers' },
  sampler: 'parentbased_always_on',
  ratio: 1,
};

const asked = (environment: ValidCase[0], expected: Partial<Tracing>): ValidCase => [
  { ...endpoint, ...environment },
  { tracing: { ...usual, ...expected } },
];

export const validTracing: readonly ValidCase[] = [
  // None of it matters where nobody asks for traces: other programs of the machine may have it.
  [
    {
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: '?',
    },
    {},
  ],
  [{ ...endpoint, OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, {}],
  asked({}, {}),
  asked({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://o.example/a/' }, { url: 'https://o.example/a/v1/traces' }),
  asked(
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://o.example/t?x=1' },
    { url: 'https://o.example/t?x=1' },
  ),
  asked(
    { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20s3cr3t, x-team = blue ,' },
    { headers: { authorization: 'Bearer s3cr3t', 'x-team': 'blue' } },
  ),
  asked({ OTEL_SERVICE_NAME: 'ours' }, { resourceAttributes: { 'service.name': 'ours' } }),
  asked(
    { OTEL_RESOURCE_ATTRIBUTES: 'service.name=theirs,deployment.environment.name=a%2Cb' },
    { resourceAttributes: { 'service.name': 'theirs', 'deployment.environment.name': 'a,b' } },
  ),
  asked(
    { OTEL_RESOURCE_ATTRIBUTES: 'service.name=theirs', OTEL_SERVICE_NAME: 'ours' },
    { resourceAttributes: { 'service.name': 'ours' } },
  ),
  asked(
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '.25' },
    { sampler: 'traceidratio', ratio: 0.25 },
  ),
];

export const invalidTracing: readonly InvalidCase[] = [
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT', /http or https URL/],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://u:p@o.example' },
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    /must not hold a user name/,
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'grpc://o.example' },
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    /http or https URL/,
  ],
  [
    { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    /http\/protobuf, not "grpc"/,
  ],
  [
    { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: `authorization ${password}` },
    'OTEL_EXPORTER_OTLP_HEADERS',
    /NAME=VALUE, comma-separated, unlike item 1/,
  ],
  [
    { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: `a=b,c=${password}%0A` },
    'OTEL_EXPORTER_OTLP_HEADERS',
    /HTTP can send/,
  ],
  [
    { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: `c=${password}%` },
    'OTEL_EXPORTER_OTLP_HEADERS',
    /percent-encoded, unlike item 1/,
  ],
  [
    { ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'a=b,c' },
    'OTEL_RESOURCE_ATTRIBUTES',
    /comma-separated, unlike "c"/,
  ],
  [
    { ...endpoint, OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    'OTEL_TRACES_SAMPLER',
    /parentbased_traceidratio, not "jaeger_remote"/,
  ],
  [{ ...endpoint, OTEL_TRACES_SAMPLER_ARG: '10%' }, 'OTEL_TRACES_SAMPLER_ARG', /from 0 to 1, not "10%"/],
  [{ ...endpoint, OTEL_TRACES_SAMPLER_ARG: '1.01' }, 'OTEL_TRACES_SAMPLER_ARG', /"1.01"/],
  [{ ...endpoint, OTEL_SDK_DISABLED: '1' }, 'OTEL_SDK_DISABLED', /true, false, not "1"/],
];

/** A wrong value of each. */
export const wrongTracing = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'collector',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector/v1/traces',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  OTEL_SERVICE_NAME: 'a\tb',
  OTEL_RESOURCE_ATTRIBUTES: '=',
  OTEL_TRACES_SAMPLER: 'some',
  OTEL_TRACES_SAMPLER_ARG: '2',
  OTEL_SDK_DISABLED: 'maybe',
};
