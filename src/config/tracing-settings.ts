/** Named and meant as OpenTelemetry has them for every program. */
export const tracingSettings = [
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    fallback: '',
    example: 'http://127.0.0.1:4318',
    description:
      'Collector to send traces to, below /v1/traces. Not set, and the next not either: no traces.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    fallback: '',
    example: 'https://otlp.example.com/v1/traces',
    description: 'The whole URL for traces, in the place of the one before.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    fallback: '',
    example: 'authorization=Bearer%20s3cr3t',
    description:
      'Headers for the collector, NAME=VALUE, comma-separated, percent-encoded. Or OTEL_EXPORTER_OTLP_HEADERS_FILE.',
    secret: true,
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    fallback: 'http/protobuf',
    example: 'http/protobuf',
    description: 'How traces are sent: only http/protobuf.',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    fallback: '',
    example: 'customers-eu',
    description: 'service.name of the traces. Not set: the one of OTEL_RESOURCE_ATTRIBUTES, or customers.',
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    fallback: '',
    example: 'deployment.environment.name=production',
    description: 'What is said of this process with its traces, KEY=VALUE, comma-separated, percent-encoded.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    fallback: 'parentbased_always_on',
    example: 'parentbased_traceidratio',
    description:
      'Which requests are traced: always_on, always_off or traceidratio; with parentbased_ as the caller decided, if it did.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    fallback: '1',
    example: '0.1',
    description: 'The share of requests that traceidratio takes, 0 to 1.',
  },
  {
    name: 'OTEL_SDK_DISABLED',
    fallback: 'false',
    // It stands in for a wrong value, and what else is wrong is to be found.
    example: 'false',
    description: 'true: no traces, whatever else is set.',
  },
] as const;
