// Asks the service of this container whether it lives, and ends with 0 if it does. An image has no curl, and needs none.
import http from 'node:http';
import https from 'node:https';

const timeoutMs = 2000;
const { PORT = '8080', TLS_CERT_FILE } = process.env;

const { get } = TLS_CERT_FILE ? https : http;
// It is the service beside us, whatever name its certificate has.
const options = {
  host: '127.0.0.1',
  port: PORT,
  path: '/livez',
  timeout: timeoutMs,
  rejectUnauthorized: false,
};

get(options, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
