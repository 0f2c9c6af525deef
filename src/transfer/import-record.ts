import { Failure } from '../domain/failures.ts';
import { lineBytesMax } from './line-reader.ts';

/** One line of an import as it was read: a JSON value that nobody has checked, or why there is none. */
export type ImportRecord =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly failure: Failure };

export function lineTooLong(): Failure {
  return new Failure('body_too_large', `The line is longer than ${lineBytesMax} bytes.`);
}
