/** Valid and invalid settings of tracing, for `config.test.ts`. */
import type { Config } from '../../src/config/config.ts';
import type { InvalidCase, ValidCase } from './authentication-cases.ts';

type Tracing = NonNullable<Config['tracing']>;

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const usual: Tracing = { sampler: 'parentbased_always_on', ratio: 1 };

const asked = (environment: ValidCase[0], expected: Partial<Tracing>): ValidCase => [
  { ...endpoint, ...environment },
  { tracing: { ...usual, ...expected } },
];

export const validTracing: readonly ValidCase[] = [
  // Ignored while tracing is off, because other programs of the machine may use these variables.
  [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, {}],
  [{ ...endpoint, OTEL_SDK_DISABLED: 'true', OTEL_TRACES_SAMPLER: 'jaeger_remote' }, {}],
  asked({}, {}),
  asked(
    { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://o.example/t?x=1' },
    {},
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
    { ...endpoint, OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    'OTEL_TRACES_SAMPLER',
    /parentbased_traceidratio, not "jaeger_remote"/,
  ],
  [{ ...endpoint, OTEL_TRACES_SAMPLER_ARG: '10%' }, 'OTEL_TRACES_SAMPLER_ARG', /from 0 to 1, not "10%"/],
  [{ ...endpoint, OTEL_TRACES_SAMPLER_ARG: '1.01' }, 'OTEL_TRACES_SAMPLER_ARG', /"1.01"/],
  [{ ...endpoint, OTEL_SDK_DISABLED: '1' }, 'OTEL_SDK_DISABLED', /true, false, not "1"/],
];

/** An invalid value of each. */
export const wrongTracing = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'collector',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector/v1/traces',
  OTEL_TRACES_SAMPLER: 'some',
  OTEL_TRACES_SAMPLER_ARG: '2',
  OTEL_SDK_DISABLED: 'maybe',
};
