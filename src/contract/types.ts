import type { components } from '../../generated/openapi.d.ts';

/** The contract's schemas under their own names. */
export type Customer = components['schemas']['Customer'];
export type CustomerCreate = components['schemas']['CustomerCreate'];
export type CustomerReplace = components['schemas']['CustomerReplace'];
export type CustomerUpdate = components['schemas']['CustomerUpdate'];
export type CustomerImport = components['schemas']['CustomerImport'];
export type CustomerList = components['schemas']['CustomerList'];
export type ErasureReceipt = components['schemas']['ErasureReceipt'];
export type CustomerHistory = components['schemas']['CustomerHistory'];
export type ChangePage = components['schemas']['ChangePage'];
export type ChangeEvent = components['schemas']['ChangeEvent'];
export type ImportResult = components['schemas']['ImportResult'];
export type Address = components['schemas']['Address'];
export type Problem = components['schemas']['Problem'];
export type ProblemError = components['schemas']['ProblemError'];

declare const renderedType: unique symbol;

/**
 * JSON text of a `T` that is sent as it is. Only storage produces it, so that rows are not parsed and serialized again.
 */
export type Rendered<T> = string & { readonly [renderedType]: T };

/** {@link Rendered} in UTF-8, which goes from SQLite to the socket without being decoded and encoded. */
export type RenderedBytes<T> = Uint8Array & { readonly [renderedType]: T };
