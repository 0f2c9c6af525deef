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
 * JSON text of a `T`, ready for the socket. Only storage makes it (`storage/rendering.ts`): the database
 * rendered it, or a write rendered once what it stored, so nobody needs to parse and print it again.
 */
export type Rendered<T> = string & { readonly [renderedType]: T };

/** The same as bytes in UTF-8: a long text is then neither decoded nor encoded on its way from SQLite to the socket. */
export type RenderedBytes<T> = Uint8Array & { readonly [renderedType]: T };
