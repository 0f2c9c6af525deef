const json = 'Content-Type: application/json\r\n';
export const outerBody = '{"name":"outer"}';

/** A POST with these header lines, followed by `rest`. */
export function post(host: string, lines: string, rest: string): string {
  return `POST /customers HTTP/1.1\r\nHost: ${host}\r\n${json}${lines}\r\n\r\n${rest}`;
}
