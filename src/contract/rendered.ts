declare const renderedType: unique symbol;

/**
 * JSON text of a `T`, ready for the socket. Only storage makes it (`storage/rendering.ts`): the database
 * rendered it, or a write rendered once what it stored, so nobody needs to parse and print it again.
 */
export type Rendered<T> = string & { readonly [renderedType]: T };

/** The same as bytes in UTF-8: a long text is then neither decoded nor encoded on its way from SQLite to the socket. */
export type RenderedBytes<T> = Uint8Array & { readonly [renderedType]: T };
