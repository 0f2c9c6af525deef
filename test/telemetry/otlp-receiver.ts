import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { ProtobufMessage } from './protobuf-message.ts';

export interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

/** A span as the collector receives it. */
export interface ReceivedSpan extends Ids {
  /** Empty if there is none. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | undefined;
  readonly durationNs: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly links: readonly Ids[];
  readonly isError: boolean;
  readonly resource: Readonly<Record<string, string | number>>;
}

export interface OtlpReceiver {
  readonly url: string;
  /** All spans received so far. */
  readonly spans: readonly ReceivedSpan[];
  /** Of the latest request. */
  readonly headers: IncomingHttpHeaders;
  /** All bytes received. */
  readonly bytes: () => Buffer;
  /** Number of requests received. */
  readonly requests: number;
}

/** `never`: accepts requests without responding. */
export type Answer = number | 'never';

/** A test collector: OTLP over HTTP with Protocol Buffers, parsed from the wire format. */
export async function startReceiver(cleanup: Cleanup, answer: Answer = 200): Promise<OtlpReceiver> {
  const bodies: Buffer[] = [];
  const spans: ReceivedSpan[] = [];
  let headers: IncomingHttpHeaders = {};
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    headers = request.headers;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    bodies.push(body);
    if (answer === 'never') return;
    if (answer === 200) spans.push(...spansOf(body));
    response.writeHead(answer, { 'Content-Type': 'application/x-protobuf' }).end();
  }
  const server = createServer((request, response) => {
    if (request.url !== '/v1/traces') response.writeHead(404).end();
    else void receive(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(cleanup, () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get headers() {
      return headers;
    },
    bytes: () => Buffer.concat(bodies),
    get requests() {
      return bodies.length;
    },
  };
}

function spansOf(body: Buffer): ReceivedSpan[] {
  return new ProtobufMessage(body).messages(1).flatMap((resourceSpans) => {
    const resource = attributesOf(resourceSpans.messages(1)[0]?.messages(1) ?? []);
    return resourceSpans
      .messages(2)
      .flatMap((scopeSpans) => scopeSpans.messages(2).map((span) => readSpan(span, resource)));
  });
}

const kinds = [undefined, 'internal', 'server', 'client'] as const;
const errorStatus = 2;

function readSpan(span: ProtobufMessage, resource: ReceivedSpan['resource']): ReceivedSpan {
  return {
    traceId: span.hex(1),
    spanId: span.hex(2),
    traceState: span.text(3),
    parentSpanId: span.hex(4),
    name: span.text(5),
    kind: kinds[span.number(6) ?? 0],
    durationNs: span.fixed64(8) - span.fixed64(7),
    attributes: attributesOf(span.messages(9)),
    links: span.messages(13).map((link) => ({ traceId: link.hex(1), spanId: link.hex(2) })),
    isError: span.messages(15)[0]?.number(3) === errorStatus,
    resource,
  };
}

function attributesOf(pairs: readonly ProtobufMessage[]): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value] = pair.messages(2);
      if (!value) throw new Error(`${pair.text(1)} has no value.`);
      return [pair.text(1), value.has(1) ? value.text(1) : (value.number(3) ?? value.hex(4))];
    }),
  );
}
