import { settings } from '../../src/config/settings.ts';
import { openPaths, pathPattern, type Route, routes } from './contract-routes.ts';
import { ownProblems } from './own-problems.ts';

const keepAliveMs = Number(settings.find(({ name }) => name === 'KEEP_ALIVE_TIMEOUT_MS')?.fallback);
/** Shorter than the service's, so that it is the gateway that ends a connection, and never under a request. */
const keepAliveSeconds = keepAliveMs / 1000 - 15;

/** The whole configuration, for the same paths as nginx's. */
export function caddyConfiguration(): string {
  const streamed = routes.filter(({ streamsRequest, streamsReply }) => streamsRequest || streamsReply);
  const plain = routes.filter((route) => !streamed.includes(route));
  return `# Generated from openapi.yaml by \`npm run generate\`. Fit the name, the certificate and the upstreams to where it runs;
# without the tls line Caddy gets a certificate by itself. docs/gateways.md says why it is as it is. Tested with Caddy 2.6.
{
  admin off
  auto_https disable_redirects
}

# What both kinds of paths have: two instances, asked for their health, and a second try.
(instances) {
  to 127.0.0.1:8081 127.0.0.1:8082
  lb_policy round_robin
  # What was not sent is tried again elsewhere. What was sent is sent again only where that changes nothing: a body is
  # gone by then, so that these are the methods without one.
  lb_try_duration 5s
  lb_try_interval 50ms
  lb_retry_match method GET HEAD DELETE
  health_uri /readyz
  health_interval 2s
  health_timeout 1s
  # An instance that fails once is left alone for two seconds.
  fail_duration 2s
  max_fails 1
  # Caddy sets X-Forwarded-For anew and does not believe a caller's. The service needs TRUST_PROXY=1.
  header_up -Forwarded
  transport http {
    dial_timeout 2s
    # Less than KEEP_ALIVE_TIMEOUT_MS of the service.
    keepalive ${keepAliveSeconds}s
    # Caddy would compress what comes back otherwise, and the service's ETags are strong.
    compression off
  }
}

https://customers.example.com {
  tls /etc/caddy/tls/tls.crt /etc/caddy/tls/tls.key
  # Behind a gateway the service speaks plain HTTP, where it cannot say it.
  header Strict-Transport-Security "max-age=63072000"

  # Beside the contract; /metrics is not among them.
  @open path_regexp ${pathsPattern(openPaths)}
  handle @open {
    reverse_proxy {
      import instances
    }
  }

  # Streamed: bodies of any length, and every byte passed on as it comes.
  @streamed path_regexp ${pathsPattern(streamed.map(pathOf))}
  handle @streamed {
    reverse_proxy {
      import instances
      flush_interval -1
    }
  }

  # The service refuses what is too large by its Content-Length; Caddy would make a 502 of it.
  @contract path_regexp ${pathsPattern(plain.map(pathOf))}
  handle @contract {
    reverse_proxy {
      import instances
    }
  }

  handle {
    error 404
  }

  # What comes from here looks like what comes from the service.
  handle_errors {
    header Content-Type application/problem+json
    header Cache-Control no-store
${ownProblems('{http.request.uuid}').map(answer).join('\n')}
  }
}
`;
}

function pathOf({ path }: Route): string {
  return path;
}

function pathsPattern(paths: readonly string[]): string {
  return `^(${paths.map((path) => pathPattern(path).slice(1, -1)).join('|')})$`;
}

function answer({
  when,
  name,
  status,
  body,
  retryAfterSeconds,
}: ReturnType<typeof ownProblems>[number]): string {
  const is = when.map((each) => `{http.error.status_code} == ${each}`).join(' || ');
  return `    @${name} expression ${is}
    handle @${name} {
${retryAfterSeconds ? `      header Retry-After ${retryAfterSeconds}\n` : ''}      respond \`${body}\` ${status}
    }`;
}
