import { settings } from '../../src/config/settings.ts';
import { bodyBytesMax } from '../../src/http/middleware/body.ts';
import { openPaths, pathPattern, type Route, routes } from './contract-routes.ts';
import { ownProblems } from './own-problems.ts';

const fallbackOf = (name: string) => Number(settings.find((setting) => setting.name === name)?.fallback);
/** Shorter than the service's, so that it is the gateway that ends a connection, and never under a request. */
const keepAliveSeconds = fallbackOf('KEEP_ALIVE_TIMEOUT_MS') / 1000 - 15;
/** Longer than the service's, so that it is the service that says why. */
const replySeconds = fallbackOf('REQUEST_TIMEOUT_MS') / 1000 + 5;
/** Longer than the heartbeats of a stream, which come every 15 seconds. */
const streamSeconds = 60;

/** The whole configuration. It is complete, and runs as it is where its addresses and files are. */
export function nginxConfiguration(): string {
  return `# Generated from openapi.yaml by \`npm run generate\`. Fit the upstream's addresses, the name and the certificate to
# where it runs; docs/gateways.md says why each line is as it is. Tested with nginx 1.22.
worker_processes auto;
# Lines about a single request hold its URL, and so personal data: only what stops nginx is logged.
error_log stderr crit;
events { worker_connections 4096; }

http {
  server_tokens off;
  # Neither bodies nor replies are ever written to a disk.
  client_body_buffer_size ${bodyBytesMax};
  proxy_max_temp_file_size 0;
  # The service's own limits are smaller, and it says which one was passed.
  large_client_header_buffers 4 40k;
  # nginx weakens the ETags of what it compresses, and If-Match takes only strong ones.
  gzip off;
  # The service logs each request by its operation; here no path, for it may hold an externalId.
  log_format requests escape=json '{"time":"$time_iso8601","requestId":"$forwarded_request_id","method":"$request_method",'
    '"status":$status,"seconds":$request_time,"upstream":"$upstream_addr","upstreamStatus":"$upstream_status"}';
  access_log /dev/stdout requests;

  limit_req_zone $binary_remote_addr zone=callers:10m rate=50r/s;
  limit_req_status 429;

  # The caller's own id where the service would take it too.
  map $http_x_request_id $forwarded_request_id {
    "~^[A-Za-z0-9_.:-]{1,128}$" $http_x_request_id;
    default $request_id;
  }

  # An instance that fails once is left alone for two seconds. Its end is seen by the next connection, at once.
  upstream customers {
    # One memory for all workers: what one has seen of an instance holds for the others.
    zone customers 64k;
    server 127.0.0.1:8081 max_fails=1 fail_timeout=2s;
    server 127.0.0.1:8082 max_fails=1 fail_timeout=2s;
    keepalive 64;
    keepalive_requests 100000;
    # Less than KEEP_ALIVE_TIMEOUT_MS of the service: otherwise it would close one just as it is used.
    keepalive_timeout ${keepAliveSeconds}s;
  }

  server {
    listen 443 ssl http2;
    server_name customers.example.com;
    ssl_certificate /etc/nginx/tls/tls.crt;
    ssl_certificate_key /etc/nginx/tls/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    ssl_session_tickets off;
    # Behind a gateway the service speaks plain HTTP, where it cannot say it.
    add_header Strict-Transport-Security "max-age=63072000" always;

    # Two paths that differ in a slash are two paths for the service.
    merge_slashes off;
    client_max_body_size ${bodyBytesMax};
    client_header_timeout 10s;
    client_body_timeout 15s;
    limit_req zone=callers burst=100 nodelay;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Request-Id $forwarded_request_id;
    # Set anew, not added to: what a caller says of itself is not believed. The service needs TRUST_PROXY=1.
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host;
    proxy_set_header Forwarded "";
    proxy_connect_timeout 2s;
    proxy_send_timeout 15s;
    proxy_read_timeout ${replySeconds}s;
    # The other instance is tried once. Without non_idempotent, a POST or PATCH that was sent is never sent again.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 2;
    proxy_next_upstream_timeout ${replySeconds}s;

    # What comes from here looks like what comes from the service.
${indented(4, ownProblems('$forwarded_request_id').map(errorPage))}
    error_page 418 = @keyed;
    # What fails in @keyed is answered as anywhere else.
    recursive_error_pages on;

    # Beside the contract; /metrics is not among them.
${indented(
  4,
  openPaths.map((path) => `location = ${path} { proxy_pass http://customers; }`),
)}

    # The contract.
${indented(4, routes.map(location))}

    # A POST with an Idempotency-Key can be sent again: the service answers it once.
    location @keyed {
      proxy_next_upstream error timeout non_idempotent;
      proxy_pass http://customers;
    }

    location / { return 404; }

${indented(4, ownProblems('$forwarded_request_id').map(problemLocation))}
  }
}
`;
}

type OwnProblem = ReturnType<typeof ownProblems>[number];

function errorPage({ when, name }: OwnProblem): string {
  return `error_page ${when.join(' ')} = @${name};`;
}

function problemLocation({ name, status, body, retryAfterSeconds }: OwnProblem): string {
  const headers = [
    'add_header Strict-Transport-Security "max-age=63072000" always;',
    'add_header Cache-Control no-store always;',
    'add_header X-Request-Id $forwarded_request_id always;',
    ...(retryAfterSeconds ? [`add_header Retry-After ${retryAfterSeconds} always;`] : []),
  ];
  return block(`location @${name}`, [
    'default_type application/problem+json;',
    ...headers,
    `return ${status} '${body}';`,
  ]);
}

function location({ path, streamsRequest, streamsReply, takesKey }: Route): string {
  const isFixed = !path.includes('{');
  return block(isFixed ? `location = ${path}` : `location ~ ${pathPattern(path)}`, [
    ...(takesKey ? ['if ($http_idempotency_key) { return 418; }'] : []),
    // Of any length, each line answered while the next ones come in: repeating it is the caller's to decide.
    ...(streamsRequest ? ['client_max_body_size 0;', 'proxy_request_buffering off;'] : []),
    ...(streamsRequest
      ? [`client_body_timeout ${streamSeconds}s;`, `proxy_send_timeout ${streamSeconds}s;`]
      : []),
    ...(streamsReply ? ['proxy_buffering off;', `proxy_read_timeout ${streamSeconds}s;`] : []),
    'proxy_pass http://customers;',
  ]);
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${indented(2, lines)}\n}`;
}

function indented(columns: number, texts: readonly string[]): string {
  const lines = texts.flatMap((text) => text.split('\n'));
  return lines.map((line) => (line === '' ? '' : ' '.repeat(columns) + line)).join('\n');
}
