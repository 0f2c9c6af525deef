// Generated from openapi.yaml by `npm run generate`. Do not edit.

export interface paths {
    "/customers": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List customers
         * @description Returns one page of the customers that match **all** given filters, newest first by default. Deleted customers
         *     are left out unless `includeDeleted=true`. If nothing matches, the page is empty. To find a customer by a
         *     unique key, use `?email=` or `?externalId=`: each returns at most one live customer.
         *
         *     Needs the scope `customers:read`.
         */
        get: operations["listCustomers"];
        put?: never;
        /**
         * Create a customer
         * @description Creates a customer under a new id. Absent members are empty; `type` defaults to `person` and `status` to
         *     `active`. To choose the id yourself, use PUT with `If-None-Match: *`. Send an `Idempotency-Key` so that a
         *     retry after a lost answer does not create a second customer.
         *
         *     Refused with 409 if another live customer has the email (`email_taken`) or the externalId
         *     (`external_id_taken`).
         *
         *     Needs the scope `customers:write`.
         */
        post: operations["createCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/export": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Export customers
         * @description Returns all customers that match **all** given filters, one a line in the order of creation, as NDJSON or,
         *     with `Accept: text/csv`, as CSV; see "Import and export" above. Deleted customers are left out unless
         *     `includeDeleted=true`. The reply is streamed and has no time limit as long as you read it. An export that
         *     fails midway is cut off without its last chunk.
         *
         *     An export is not a snapshot of one instant: a customer that changes during the export can appear as it was
         *     before or after. `Feed-Position` is taken before the first line is read, so the lines and the changes after
         *     that position together are complete.
         *
         *     Needs the scope `customers:bulk`.
         */
        get: operations["exportCustomers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/import": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import customers
         * @description Reads customers as NDJSON or CSV, one a line, and returns a result for each line while the upload still runs;
         *     see "Import and export" above. A line is **merged** into the live customer with its `id` or, without an `id`,
         *     the one with its `externalId`: absent members stay, null or an empty cell clears. If no customer matches, the
         *     line creates one, under its `id` if it has one. `version`, `etag` and the times of an exported line are
         *     ignored.
         *
         *     The result of a refused line says why; the other lines are not affected. Lines are applied in order. A line is
         *     stored when its result arrives, and stays stored if the upload breaks off. After a broken connection, repeat
         *     the whole upload: lines that are already stored change nothing. An `Idempotency-Key` is therefore refused
         *     (400), and `If-Match` has no effect.
         *
         *     With `validateOnly=true`, each line is checked on its own against the stored customers, and nothing is stored.
         *
         *     Needs the scope `customers:bulk`.
         */
        post: operations["importCustomers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/{customerId}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        /**
         * Get a customer
         * @description Returns the current version of the customer, with its entity tag. A read sees every acknowledged write. The
         *     answer is 404 if the customer never existed, and 410 if it was deleted.
         *
         *     Needs the scope `customers:read`.
         */
        get: operations["getCustomer"];
        /**
         * Replace a customer, or create it under a chosen id
         * @description Replaces everything that a caller may set: absent members become empty, and `type` and `status` go back to
         *     `person` and `active`. To change some members only, use PATCH. A replacement that changes nothing answers 200
         *     with the same version.
         *
         *     With `If-Match`, only the named version is replaced, else 412. With `If-None-Match: *`, the customer is
         *     created under this id (201), and one that exists is never overwritten (412). With neither, an unused id is
         *     404.
         *
         *     Refused with 409 if another live customer has the email or the externalId, with 410 if the customer was
         *     deleted, and with 428 if the service demands `If-Match` and neither it
         *     nor `If-None-Match: *` is sent.
         *
         *     Needs the scope `customers:write`.
         */
        put: operations["replaceCustomer"];
        post?: never;
        /**
         * Delete a customer
         * @description Deletes the customer so that it can be restored later. Until it is restored, it is answered 410, lists leave it
         *     out, and its email and externalId are free for others. The deletion is a new version of the customer.
         *
         *     Refused with 410 if it is deleted already, with 412 if `If-Match` names another version, and with 428 if the
         *     service demands `If-Match` and it is missing.
         *
         *     Needs the scope `customers:write`.
         */
        delete: operations["deleteCustomer"];
        options?: never;
        head?: never;
        /**
         * Change some members of a customer
         * @description Changes only the members that are sent (JSON Merge Patch, RFC 7396). Absent keeps; `null` clears: an optional
         *     text or the address becomes null, `tags` becomes `[]`, `metadata` becomes `{}`. Inside `address` and
         *     `metadata` the same holds for each member, so `{"metadata": {"tier": null}}` removes one key and keeps the
         *     others. `tags` is replaced as a whole. `name`, `type` and `status` cannot be cleared (422). A patch that
         *     changes nothing answers 200 with the same version.
         *
         *     Refused with 409 if another live customer has the email or the externalId, with 410 if the customer was
         *     deleted, with 412 if `If-Match` names another version, and with 428 if the service demands `If-Match` and it
         *     is missing.
         *
         *     Needs the scope `customers:write`.
         */
        patch: operations["updateCustomer"];
        trace?: never;
    };
    "/customers/{customerId}/restore": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a deleted customer
         * @description Restores a deleted customer with all its values, as a new version. A live customer is returned unchanged. The
         *     request has no body.
         *
         *     Refused with 409 if another live customer now has the email (`email_taken`) or the externalId
         *     (`external_id_taken`): change that one first. Refused with 410 if the customer was erased, and with 412 if
         *     `If-Match` names a version other than that of the deletion, which a list with `includeDeleted=true` shows.
         *
         *     Needs the scope `customers:write`.
         */
        post: operations["restoreCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/{customerId}/history": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        /**
         * Get a customer's history
         * @description Returns one page of the history of a customer, newest first. Each version has one entry: who made it, when,
         *     with which request, and each changed field with its values before and after. The entry of a creation shows
         *     every field that it filled. A deleted customer keeps its history; an erased customer keeps it with `redacted`
         *     entries.
         *
         *     The answer is 404 only if the customer never existed.
         *
         *     Needs the scope `customers:read`.
         */
        get: operations["getCustomerHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/changes": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Follow the changes of all customers
         * @description Returns changes of customers in commit order, oldest first. Each is a CloudEvent (version 1.0).
         *
         *     As `application/json`: one page, without waiting. Pass its `next` back as `after`, even if the page was empty;
         *     it is never null. A page that is not full reaches the end of the feed.
         *
         *     As `text/event-stream`: the changes after the position, then each new change when it is committed, until
         *     either side ends the connection. In each event, `id` is the position, `event` the type and `data` the
         *     CloudEvent. The stream begins with an event that has only an `id`, the position it starts from. A client that
         *     reconnects with `Last-Event-ID` therefore misses nothing even if no change had arrived. Comments keep the
         *     connection alive. A client that does not read is disconnected. When the service stops, the stream ends:
         *     connect again.
         *
         *     Delivery is at least once: no change is left out, and some can repeat after a reconnection. A position older
         *     than the retained changes is answered 410 `feed_position_gone`. A position ahead of the feed is answered 400
         *     `feed_position_ahead`: it comes from another database, for example from before a restore of a backup. In both
         *     cases take a new position, read all customers again, and follow the feed from that position.
         *
         *     Needs the scope `changes:read`.
         */
        get: operations["listChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/{customerId}/erase": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase a customer for good
         * @description Removes all data of the customer, live or deleted, from the current version and every earlier one (the right
         *     to erasure, GDPR article 17), and returns a receipt of what was removed. It cannot be undone: the customer is
         *     answered 410, cannot be restored, and appears in no list, even with `includeDeleted=true`. Its history keeps
         *     when, by whom and with which request it was changed, but not what. Its email and externalId are free for
         *     others. The request has no body.
         *
         *     Repeating the request returns the same receipt, regardless of `If-Match`. A 503 says whether the customer is
         *     already erased. If it is, a reader still holds the database's log and delays the receipt: repeat the request.
         *
         *     Refused with 412 if `If-Match` names another version, and with 428 if the service demands `If-Match` and it
         *     is missing.
         *
         *     Needs the scope `customers:erase`.
         */
        post: operations["eraseCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/external-ids/{externalId}/customer": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The customer's id in one of your systems. (`.` and `..` cannot be used in a path, because clients resolve them
                 *     as path segments. Find those with `GET /customers?externalId=`.)
                 * @example crm:48213
                 */
                externalId: components["parameters"]["ExternalId"];
            };
            cookie?: never;
        };
        /**
         * Get the customer with an externalId
         * @description Returns the current version of the live customer with this externalId, with its entity tag. The answer is 404
         *     if there is none; a deleted customer no longer holds its externalId.
         *
         *     Needs the scope `customers:read`.
         */
        get: operations["getCustomerByExternalId"];
        /**
         * Replace the customer with an externalId, or create it
         * @description Creates or replaces the customer with this externalId in one request: the live customer that has the
         *     externalId is replaced (200), or one is created under a new id (201). Concurrent requests create one customer
         *     only. As with every replacement, absent members become empty, and a replacement that changes nothing answers
         *     200 with the same version.
         *
         *     The body's `externalId` may be left out; if it is there, it must be that of the path (422). With `If-Match`,
         *     only the named version is replaced and nothing is created, else 412. With `If-None-Match: *`, it is only
         *     created, else 412.
         *
         *     Refused with 409 `email_taken` if another live customer has the email; the answer does not say which one.
         *
         *     Needs the scope `customers:write`.
         */
        put: operations["upsertCustomerByExternalId"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description A person or an organization that the company deals with. Every member is always present, null where empty.
         *     More members may be added later; ignore those you do not know.
         */
        Customer: {
            id: components["schemas"]["CustomerId"];
            externalId: components["schemas"]["ExternalId"];
            type: components["schemas"]["CustomerType"];
            name: components["schemas"]["CustomerName"];
            email: components["schemas"]["Email"];
            phone: components["schemas"]["Phone"];
            locale: components["schemas"]["Locale"];
            timeZone: components["schemas"]["TimeZone"];
            address: components["schemas"]["Address"];
            status: components["schemas"]["CustomerStatus"];
            tags: components["schemas"]["Tags"];
            note: components["schemas"]["Note"];
            metadata: components["schemas"]["Metadata"];
            /**
             * Format: int64
             * @description 1 at creation, and 1 more for each change, deletions and restorations included.
             * @example 1
             */
            version: number;
            etag: components["schemas"]["EntityTag"];
            /**
             * Format: date-time
             * @description When the customer was created, in UTC with milliseconds.
             * @example 2026-03-14T09:26:53.589Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When this version was made, in UTC with milliseconds.
             * @example 2026-03-14T09:26:53.589Z
             */
            updatedAt: string;
            /**
             * Format: date-time
             * @description When the customer was deleted, in UTC with milliseconds; null while it is live.
             * @example 2026-05-02T16:40:00.000Z
             */
            deletedAt: string | null;
        };
        /** @description A new customer. Only `name` is required; what is absent is empty, or at its default. */
        CustomerCreate: {
            externalId?: components["schemas"]["ExternalId"];
            type?: components["schemas"]["CustomerType"];
            name: components["schemas"]["CustomerName"];
            email?: components["schemas"]["Email"];
            phone?: components["schemas"]["Phone"];
            locale?: components["schemas"]["Locale"];
            timeZone?: components["schemas"]["TimeZone"];
            address?: components["schemas"]["AddressInput"];
            status?: components["schemas"]["CustomerStatus"];
            tags?: components["schemas"]["Tags"];
            note?: components["schemas"]["Note"];
            metadata?: components["schemas"]["Metadata"];
        };
        /**
         * @description All that a caller may set of a customer. Only `name` is required; what is absent or null becomes empty. The
         *     members that the service sets (`id`, `version`, `etag` and the times) are not accepted.
         */
        CustomerReplace: {
            externalId?: components["schemas"]["ExternalId"];
            type?: components["schemas"]["CustomerType"];
            name: components["schemas"]["CustomerName"];
            email?: components["schemas"]["Email"];
            phone?: components["schemas"]["Phone"];
            locale?: components["schemas"]["Locale"];
            timeZone?: components["schemas"]["TimeZone"];
            address?: components["schemas"]["AddressInput"];
            status?: components["schemas"]["CustomerStatus"];
            tags?: components["schemas"]["Tags"];
            note?: components["schemas"]["Note"];
            metadata?: components["schemas"]["Metadata"];
        };
        /** @description A JSON Merge Patch: what is absent stays as it is, null clears. An empty patch changes nothing. */
        CustomerUpdate: {
            externalId?: components["schemas"]["ExternalId"];
            type?: components["schemas"]["CustomerType"];
            name?: components["schemas"]["CustomerName"];
            email?: components["schemas"]["Email"];
            phone?: components["schemas"]["Phone"];
            locale?: components["schemas"]["Locale"];
            timeZone?: components["schemas"]["TimeZone"];
            address?: components["schemas"]["AddressUpdate"];
            status?: components["schemas"]["CustomerStatus"];
            tags?: components["schemas"]["TagsUpdate"];
            note?: components["schemas"]["Note"];
            metadata?: components["schemas"]["MetadataUpdate"];
        };
        /**
         * @description One line of an import: what is absent stays as it is, null clears. A line that names no live customer by `id`
         *     or `externalId` creates one and needs a `name`.
         */
        CustomerImport: {
            id?: components["schemas"]["CustomerId"];
            externalId?: components["schemas"]["ExternalId"];
            type?: components["schemas"]["CustomerType"];
            name?: components["schemas"]["CustomerName"];
            email?: components["schemas"]["Email"];
            phone?: components["schemas"]["Phone"];
            locale?: components["schemas"]["Locale"];
            timeZone?: components["schemas"]["TimeZone"];
            address?: components["schemas"]["AddressUpdate"];
            status?: components["schemas"]["CustomerStatus"];
            tags?: components["schemas"]["TagsUpdate"];
            note?: components["schemas"]["Note"];
            metadata?: components["schemas"]["MetadataUpdate"];
            /**
             * @description As in an export, and ignored.
             * @example 1
             */
            version?: unknown;
            /**
             * @description As in an export, and ignored.
             * @example "1"
             */
            etag?: unknown;
            /**
             * @description As in an export, and ignored.
             * @example 2026-03-14T09:26:53.589Z
             */
            createdAt?: unknown;
            /**
             * @description As in an export, and ignored.
             * @example 2026-03-14T09:26:53.589Z
             */
            updatedAt?: unknown;
            /**
             * @description As in an export, and ignored. A deleted customer comes back live.
             * @example null
             */
            deletedAt?: unknown;
        };
        /** @description The result of one line. */
        ImportResult: {
            /**
             * Format: int64
             * @description The number of the line, from 1, empty lines and a header row counted.
             * @example 3
             */
            line: number;
            /**
             * @description The HTTP status that this line would have got as a separate request.
             * @example 201
             */
            status: number;
            outcome: components["schemas"]["ImportOutcome"];
            id?: components["schemas"]["CustomerId"];
            problem?: components["schemas"]["Problem"];
        };
        /**
         * @description `created` (201), `updated` or `unchanged` (200), with the customer's `id`; or `refused`, with a `problem` and its
         *     status.
         * @example created
         * @enum {string}
         */
        ImportOutcome: "created" | "updated" | "unchanged" | "refused";
        /** @description One page of customers. */
        CustomerList: {
            /** @description The customers of this page, in the order asked for. */
            items: components["schemas"]["Customer"][];
            nextCursor: components["schemas"]["NextCursor"];
            /**
             * @description How many customers match in all, counted up to 10,000. Only with `includeTotal=true`.
             * @example 2
             */
            total?: number;
            /**
             * @description False if more than 10,000 match, and `total` is then 10,000. Only with `includeTotal=true`.
             * @example true
             */
            totalIsExact?: boolean;
        };
        /** @description One page of a customer's history. */
        CustomerHistory: {
            /** @description The entries of this page, newest first. */
            items: components["schemas"]["HistoryEntry"][];
            nextCursor: components["schemas"]["NextCursor"];
            /**
             * Format: int64
             * @description The oldest version whose entry is kept, if retention has removed those before it; null if nothing was
             *     removed.
             * @example 3
             */
            truncatedBefore: number | null;
        };
        /** @description One version of a customer, with who made it, when, and what changed. */
        HistoryEntry: {
            /**
             * Format: int64
             * @description The customer's version that this change made.
             * @example 2
             */
            version: number;
            kind: components["schemas"]["ChangeKind"];
            source: components["schemas"]["ChangeSource"];
            at: components["schemas"]["ChangeTime"];
            /**
             * @description Who made the change, the name of the principal.
             * @example crm-sync
             */
            actor: string;
            requestId: components["schemas"]["RequestId"];
            changes: components["schemas"]["FieldChanges"];
            /**
             * @description True if the customer was erased. `changes` is then null, because it held personal data.
             * @example false
             */
            redacted: boolean;
        };
        /**
         * @description What was done.
         * @example updated
         * @enum {string}
         */
        ChangeKind: "created" | "replaced" | "updated" | "deleted" | "restored" | "erased";
        /**
         * @description By which way the change came in.
         * @example api
         * @enum {string}
         */
        ChangeSource: "api" | "import" | "retention";
        /**
         * Format: date-time
         * @description When the change was made, in UTC with milliseconds.
         * @example 2026-04-02T13:05:10.042Z
         */
        ChangeTime: string;
        /**
         * @description The fields that changed, each with its value before and after; a field that is absent stayed as it was. At a
         *     creation, before is null, `[]` or `{}`, and a field that is still empty is absent. Null for an erased customer.
         */
        FieldChanges: {
            externalId?: components["schemas"]["TextChange"];
            type?: components["schemas"]["TextChange"];
            name?: components["schemas"]["TextChange"];
            email?: components["schemas"]["TextChange"];
            phone?: components["schemas"]["TextChange"];
            locale?: components["schemas"]["TextChange"];
            timeZone?: components["schemas"]["TextChange"];
            address?: components["schemas"]["AddressChange"];
            status?: components["schemas"]["TextChange"];
            tags?: components["schemas"]["TagsChange"];
            note?: components["schemas"]["TextChange"];
            metadata?: components["schemas"]["MetadataChange"];
            deletedAt?: components["schemas"]["TextChange"];
        } | null;
        /** @description A text or a time before and after. */
        TextChange: {
            /**
             * @description The value before; null where there was none.
             * @example zoe.mueller@example.com
             */
            before: string | null;
            /**
             * @description The value since; null where there is none.
             * @example zoe.schaefer@example.com
             */
            after: string | null;
        };
        /** @description The address before and after, each whole. */
        AddressChange: {
            before: components["schemas"]["Address"];
            after: components["schemas"]["Address"];
        };
        /** @description The tags before and after, each list whole. */
        TagsChange: {
            before: components["schemas"]["Tags"];
            after: components["schemas"]["Tags"];
        };
        /** @description The metadata before and after, each whole. */
        MetadataChange: {
            before: components["schemas"]["Metadata"];
            after: components["schemas"]["Metadata"];
        };
        /** @description One page of the change feed. */
        ChangePage: {
            /** @description The changes of this page, in the order of their commits. */
            items: components["schemas"]["ChangeEvent"][];
            next: components["schemas"]["FeedPosition"];
        };
        /** @description Server-sent events. The `data` of each is a ChangeEvent. */
        ChangeStream: string;
        /**
         * @description A change of a customer as a CloudEvent (version 1.0), with the extension `sequence`. More members may be added
         *     later; ignore those you do not know.
         */
        ChangeEvent: {
            /**
             * @description The version of CloudEvents.
             * @example 1.0
             * @enum {string}
             */
            specversion: "1.0";
            id: components["schemas"]["FeedPosition"];
            /**
             * @description Where the change happened.
             * @example /customers
             * @enum {string}
             */
            source: "/customers";
            /**
             * @description What was done, `customer.` and a `ChangeKind`.
             * @example customer.updated
             * @enum {string}
             */
            type: "customer.created" | "customer.replaced" | "customer.updated" | "customer.deleted" | "customer.restored" | "customer.erased";
            subject: components["schemas"]["CustomerId"];
            time: components["schemas"]["ChangeTime"];
            /**
             * @description What `data` is.
             * @example application/json
             * @enum {string}
             */
            datacontenttype: "application/json";
            /**
             * @description The position, with leading zeros so that texts compare as positions do.
             * @example 0000000000000048291
             */
            sequence: string;
            data: components["schemas"]["ChangeData"];
        };
        /**
         * @description The change itself. Null for a customer that was erased: remove your copy at `customer.erased`, and skip its
         *     other events.
         */
        ChangeData: {
            customer: components["schemas"]["Customer"];
            changes: components["schemas"]["FieldChanges"];
        } | null;
        /** @description What an erasure removed, and when. It holds no data of the customer except the id. */
        ErasureReceipt: {
            customerId: components["schemas"]["CustomerId"];
            /**
             * Format: int64
             * @description The last version, which is the erasure itself.
             * @example 4
             */
            version: number;
            /**
             * Format: date-time
             * @description When the customer was erased, in UTC with milliseconds.
             * @example 2026-06-01T12:00:00.000Z
             */
            erasedAt: string;
            scrubbed: components["schemas"]["ErasureCounts"];
        };
        /** @description How much was removed. */
        ErasureCounts: {
            /**
             * @description Members of the last version that held a value of the customer's.
             * @example 12
             */
            fields: number;
            /**
             * @description Entries of the history and the change feed whose content was removed.
             * @example 3
             */
            versions: number;
            /**
             * @description Entries of the index of tags.
             * @example 2
             */
            tags: number;
            /**
             * @description Stored answers that were removed, with the fingerprints of their requests.
             * @example 1
             */
            idempotencyKeys: number;
        };
        /**
         * @description A UUID in lower case. Those that the service makes are of version 7, so they sort by age.
         * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
         */
        CustomerId: string;
        /**
         * @description The customer's id in one of your systems. Unique among live customers.
         * @example crm:48213
         */
        ExternalId: string | null;
        /**
         * @description The kind of customer; `person` by default.
         * @example person
         * @enum {string}
         */
        CustomerType: "person" | "organization";
        /**
         * @description Whether the company currently deals with the customer; `active` by default.
         * @example active
         * @enum {string}
         */
        CustomerStatus: "active" | "inactive";
        /**
         * @description The name of the person or organization, in any script.
         * @example Zoë Müller-Schäfer
         */
        CustomerName: string;
        /**
         * @description An email address, without white space and with a dot in its domain; any script is allowed. Stored as given;
         *     unique among live customers, ignoring case.
         * @example zoe.mueller@example.com
         */
        Email: string | null;
        /**
         * @description A phone number in E.164, `+`, country code and number without spaces.
         * @example +493023125014
         */
        Phone: string | null;
        /**
         * @description The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not the
         *     grandfathered ones).
         * @example de-DE
         */
        Locale: string | null;
        /**
         * @description The customer's time zone, a name of the IANA database that the service knows; offsets are refused.
         * @example Europe/Berlin
         */
        TimeZone: string | null;
        /**
         * @description Free text for colleagues.
         * @example Prefers to be called in the morning.
         */
        Note: string | null;
        /**
         * @description Labels, each at most once, in the order given.
         * @example [
         *       "newsletter",
         *       "vip"
         *     ]
         */
        Tags: string[];
        /**
         * @description The labels that replace the present ones; null removes all.
         * @example [
         *       "newsletter"
         *     ]
         */
        TagsUpdate: string[] | null;
        /**
         * @description Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500 characters.
         * @example {
         *       "tier": "gold",
         *       "source.campaign": "spring-2026"
         *     }
         */
        Metadata: {
            [key: string]: string;
        };
        /**
         * @description A merge patch of the metadata: a text sets its key, null removes it, absent keys stay; null for the whole
         *     removes all. Keys are 1 to 40 of `A-Za-z0-9_.-`. A patch may name 100 keys (remove 50, set 50); the result
         *     may have 50.
         * @example {
         *       "tier": "platinum",
         *       "source.campaign": null
         *     }
         */
        MetadataUpdate: {
            [key: string]: string | null;
        } | null;
        /** @description A postal address, or null. One without any part is null. */
        Address: {
            line1: components["schemas"]["AddressLine"];
            line2: components["schemas"]["AddressLine"];
            city: components["schemas"]["AddressPlace"];
            region: components["schemas"]["AddressPlace"];
            postalCode: components["schemas"]["PostalCode"];
            country: components["schemas"]["CountryCode"];
        } | null;
        /** @description A postal address, or null. Absent parts are null; one whose parts are all null is null. */
        AddressInput: {
            line1?: components["schemas"]["AddressLine"];
            line2?: components["schemas"]["AddressLine"];
            city?: components["schemas"]["AddressPlace"];
            region?: components["schemas"]["AddressPlace"];
            postalCode?: components["schemas"]["PostalCode"];
            country?: components["schemas"]["CountryCode"];
        } | null;
        /**
         * @description A merge patch of the address: absent parts stay, null clears one; null for the whole removes the address. If
         *     no part is left, the address is null.
         */
        AddressUpdate: {
            line1?: components["schemas"]["AddressLine"];
            line2?: components["schemas"]["AddressLine"];
            city?: components["schemas"]["AddressPlace"];
            region?: components["schemas"]["AddressPlace"];
            postalCode?: components["schemas"]["PostalCode"];
            country?: components["schemas"]["CountryCode"];
        } | null;
        /**
         * @description Street and number, floor, post office box or the like.
         * @example Oranienstraße 25
         */
        AddressLine: string | null;
        /**
         * @description The name of a city, or of a state, province or county.
         * @example Berlin
         */
        AddressPlace: string | null;
        /**
         * @description The postal code as it is written in its country.
         * @example 10999
         */
        PostalCode: string | null;
        /**
         * @description A country, officially assigned in ISO 3166-1 alpha-2, in upper case.
         * @example DE
         */
        CountryCode: string | null;
        /**
         * @description The strong entity tag of one version of a customer, quotes included.
         * @example "1"
         */
        EntityTag: string;
        /**
         * Format: date-time
         * @description An instant with its offset from UTC (RFC 3339).
         * @example 2026-01-01T00:00:00Z
         */
        Instant: string;
        /**
         * @description A position in a list, opaque.
         * @example kq3S1xw0b7TnV5c2Ue9YhAJmZr8fDgLi4oXtPvE6sWQ
         */
        PageCursor: string;
        /**
         * @description Pass it as `cursor` for the next page; null on the last one.
         * @example kq3S1xw0b7TnV5c2Ue9YhAJmZr8fDgLi4oXtPvE6sWQ
         */
        NextCursor: string | null;
        /**
         * @description A position in the change feed, a 64-bit counter in decimal.
         * @example 48291
         */
        FeedPosition: string;
        /**
         * @description The id of one request.
         * @example 0198c5a4-03d7-7a55-8c11-2f6de0b7a941
         */
        RequestId: string;
        /**
         * @description Always `true`.
         * @example true
         * @enum {string}
         */
        Replayed: "true";
        /** @description Why a request was refused (RFC 9457). */
        Problem: {
            /**
             * @description The kind of problem as a URI; it ends in `code`.
             * @example urn:problem-type:customers:email_taken
             */
            type: string;
            /**
             * @description The kind of problem in words, always the same for a code.
             * @example Email taken
             */
            title: string;
            /**
             * @description The HTTP status.
             * @example 409
             */
            status: number;
            /**
             * @description What is wrong with this request, for people. Do not parse it.
             * @example Another customer has this email.
             */
            detail: string;
            /**
             * @description This occurrence as a URI; it ends in `requestId`.
             * @example urn:request:0198c5a4-03d7-7a55-8c11-2f6de0b7a941
             */
            instance: string;
            code: components["schemas"]["ProblemCode"];
            requestId: components["schemas"]["RequestId"];
            /** @description What is wrong where; the first 100 faults. */
            errors?: components["schemas"]["ProblemError"][];
        };
        /**
         * @description The kind of problem, to decide by. Codes are stable and more may be added; treat one you do not know by its
         *     status.
         * @example email_taken
         */
        ProblemCode: "malformed_request" | "malformed_json" | "malformed_csv" | "invalid_request" | "invalid_cursor" | "feed_position_ahead" | "unauthenticated" | "forbidden" | "untrusted_origin" | "not_found" | "customer_not_found" | "method_not_allowed" | "not_acceptable" | "request_timeout" | "email_taken" | "external_id_taken" | "idempotency_key_in_use" | "customer_deleted" | "customer_erased" | "answer_expired" | "feed_position_gone" | "precondition_failed" | "body_too_large" | "uri_too_long" | "unsupported_media_type" | "expectation_failed" | "idempotency_key_reused" | "precondition_required" | "rate_limited" | "headers_too_large" | "internal_error" | "search_too_broad" | "unavailable" | (string & {});
        /** @description One fault. It has a `pointer` if it is in the body, a `parameter` if it is elsewhere. */
        ProblemError: {
            /**
             * @description Where in the body, a JSON Pointer as a URI fragment. `#` is the whole body.
             * @example #/email
             */
            pointer?: string;
            /**
             * @description The name of the parameter or header.
             * @example limit
             */
            parameter?: string;
            /**
             * @description What is wrong there.
             * @example must be an email address
             */
            detail: string;
        };
    };
    responses: {
        /**
         * @description The customer as it is now. With `validateOnly=true`, as it would be: nothing was stored, and `ETag` and
         *     `Feed-Position` are absent.
         */
        CustomerStored: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                /**
                 * @description The strong entity tag of the customer's current version. Absent with `validateOnly=true`.
                 * @example "2"
                 */
                ETag?: components["schemas"]["EntityTag"];
                /**
                 * @description A position in the change feed at or after this write: a reader that has read up to here has seen it.
                 *     Absent with `validateOnly=true`.
                 * @example 48307
                 */
                "Feed-Position"?: components["schemas"]["FeedPosition"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Customer"];
            };
        };
        /** @description You hold the current version. */
        NotModified: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                ETag: components["headers"]["ETag"];
                "Cache-Control": components["headers"]["Cache-Control"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description You hold the current page. */
        ListNotModified: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                ETag: components["headers"]["List-ETag"];
                "Cache-Control": components["headers"]["Cache-Control"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /**
         * @description A parameter breaks this contract or is unknown (`invalid_request`), the cursor is broken or belongs to
         *     another query (`invalid_cursor`), or `If-None-Match` or the request itself is malformed
         *     (`malformed_request`).
         */
        BadListRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description A parameter breaks this contract or is unknown (`invalid_request`), the cursor is broken or belongs to
         *     another customer's history (`invalid_cursor`), or the request itself is malformed (`malformed_request`).
         */
        BadHistoryRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description A parameter breaks this contract or is unknown (`invalid_request`), the position lies ahead of the feed and so
         *     is not from this database (`feed_position_ahead`), or the request itself is malformed (`malformed_request`).
         */
        BadFeedRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description A parameter breaks this contract or is unknown (`invalid_request`), or `If-Match`, `If-None-Match` or the
         *     request itself is malformed (`malformed_request`).
         */
        BadRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description A parameter breaks this contract or is unknown (`invalid_request`), or the request itself is malformed
         *     (`malformed_request`).
         */
        BadExportRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description There is an `Idempotency-Key`, or the request itself is malformed (`malformed_request`), or the header row is
         *     not CSV in UTF-8 (`malformed_csv`). Nothing was stored.
         */
        BadImport: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `If-Match` or the request itself is malformed (`malformed_request`). */
        BadPrecondition: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The body is not JSON in UTF-8, repeats a member name or is nested too deep (`malformed_json`), or the request
         *     itself is malformed (`malformed_request`).
         */
        MalformedBody: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The body is not JSON in UTF-8, repeats a member name or is nested too deep (`malformed_json`), or `If-Match`,
         *     `If-None-Match` or the request itself is malformed (`malformed_request`).
         */
        MalformedBodyOrPrecondition: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description A parameter breaks this contract or is unknown (`invalid_request`), or `If-None-Match` or the request itself
         *     is malformed (`malformed_request`).
         */
        BadExternalIdRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The credential is missing, malformed, unknown, expired or revoked. */
        Unauthenticated: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The credential is good, but lacks the scope that this operation needs. Or, of a service on the caller's own
         *     machine that asks for no credential: the request comes from a page of another site.
         */
        Forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "WWW-Authenticate": components["headers"]["Missing-Scope"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No customer with this id ever existed. */
        CustomerNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No live customer has this externalId. */
        ExternalIdNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The path exists, but not with this method; `Allow` lists those it has. */
        MethodNotAllowed: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The `Accept` header admits no media type that this operation can answer. */
        NotAcceptable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request did not arrive in time. The connection is closed; send it again on a new one. */
        RequestTimeout: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Another live customer has this email (`email_taken`) or this externalId (`external_id_taken`). The answer does
         *     not say which customer.
         */
        Conflict: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Another live customer has this email (`email_taken`) or this externalId (`external_id_taken`); the answer does
         *     not say which customer. Or the first request with this `Idempotency-Key` still runs
         *     (`idempotency_key_in_use`): try again after `Retry-After`.
         */
        ConflictOrKeyInUse: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /**
                 * @description Seconds to wait before trying again. Only with `idempotency_key_in_use`.
                 * @example 1
                 */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Another live customer has this email (`email_taken`); the answer does not say which one. Or the first request
         *     with this `Idempotency-Key` still runs (`idempotency_key_in_use`): try again after `Retry-After`.
         */
        EmailTakenOrKeyInUse: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /**
                 * @description Seconds to wait before trying again. Only with `idempotency_key_in_use`.
                 * @example 1
                 */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The first request with this `Idempotency-Key` still runs (`idempotency_key_in_use`): try again after
         *     `Retry-After`.
         */
        KeyInUse: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The customer was deleted (`customer_deleted`) and cannot be read or changed until it is restored. Or it was
         *     erased (`customer_erased`). Or the stored answer of the `Idempotency-Key` is no longer kept
         *     (`answer_expired`).
         */
        CustomerGone: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Retention has removed changes after this position (`feed_position_gone`). Take a new position, read all
         *     customers again, then follow the feed from that position.
         */
        FeedPositionGone: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Only for an `Idempotency-Key` that was used before. The customer in its answer has been erased
         *     (`customer_erased`), or the answer is no longer kept because retention has removed its change
         *     (`answer_expired`). The request was carried out once and is not repeated.
         */
        AnswerGone: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The customer is not in the state that `If-Match` or `If-None-Match` requires: it has changed since you read
         *     it, or the id is in use. Fetch the current version, and retry with its tag.
         */
        PreconditionFailed: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than 64 kB. The connection is closed. */
        BodyTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The URL is longer than this service reads. */
        UriTooLong: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body's `Content-Type` is missing or not one that this operation reads; `Accept` lists those. */
        UnsupportedMediaType: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                Accept: components["headers"]["Accept"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body's `Content-Type` is missing or not one that this operation reads; `Accept-Patch` lists those. */
        UnsupportedPatchType: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Accept-Patch": components["headers"]["Accept-Patch"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The `Expect` header asks for something other than `100-continue`. */
        ExpectationFailed: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The body breaks this contract (`invalid_request`; `errors` names each member), or a parameter does (also
         *     `invalid_request`).
         */
        InvalidBody: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The body is empty, a column of the CSV is unknown or named twice, or a parameter breaks this contract
         *     (`invalid_request`). Nothing was stored. Faults of a single line are reported in the result of that line.
         */
        InvalidImport: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The body breaks this contract (`invalid_request`; `errors` names each member), a parameter does
         *     (also `invalid_request`), or the `Idempotency-Key` was used for another request (`idempotency_key_reused`).
         */
        InvalidBodyOrKeyReused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description A parameter breaks this contract (`invalid_request`), or the `Idempotency-Key` was used for another request
         *     (`idempotency_key_reused`).
         */
        InvalidParameterOrKeyReused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service is set up to demand `If-Match` here. Read the customer and send its entity tag. */
        PreconditionRequired: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description You have sent too many requests, or too many without a valid credential come from your address. Wait as long
         *     as `Retry-After` says.
         */
        RateLimited: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request's headers are larger, or more, than this service reads. */
        HeadersTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The service cannot answer at the moment: it is overloaded, stopping, or its database cannot be reached or took
         *     too long. Try again after `Retry-After`; a write may have been stored, so repeat a POST with its
         *     `Idempotency-Key`.
         */
        Unavailable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The service cannot answer at the moment: it is overloaded, stopping, or its database cannot be reached or took
         *     too long (`unavailable`); or the search would exceed the deadline of a request (`search_too_broad`): search
         *     for three characters or more, or add a filter.
         */
        ListUnavailable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The customer's id, a UUID in lower case.
         * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
         */
        CustomerId: components["schemas"]["CustomerId"];
        /**
         * @description Only customers with this status.
         * @example active
         */
        StatusFilter: components["schemas"]["CustomerStatus"];
        /**
         * @description Only customers of this type.
         * @example organization
         */
        TypeFilter: components["schemas"]["CustomerType"];
        /**
         * @description Only customers that carry exactly this tag.
         * @example wholesale
         */
        TagFilter: string;
        /**
         * @description Only customers created at this instant or later. Write the `+` of an offset as `%2B`.
         * @example 2026-01-01T00:00:00Z
         */
        CreatedAfter: components["schemas"]["Instant"];
        /**
         * @description Only customers created before this instant. Write the `+` of an offset as `%2B`.
         * @example 2026-07-01T00:00:00+02:00
         */
        CreatedBefore: components["schemas"]["Instant"];
        /**
         * @description Only customers last changed at this instant or later. Write the `+` of an offset as `%2B`.
         * @example 2026-06-30T22:15:00.250Z
         */
        UpdatedAfter: components["schemas"]["Instant"];
        /**
         * @description Only customers last changed before this instant. Write the `+` of an offset as `%2B`.
         * @example 2026-08-01T00:00:00Z
         */
        UpdatedBefore: components["schemas"]["Instant"];
        /**
         * @description With `true`, deleted customers are listed too. Their `deletedAt` is not null.
         * @example true
         */
        IncludeDeleted: boolean;
        /**
         * @description The customer's id in one of your systems. (`.` and `..` cannot be used in a path, because clients resolve them
         *     as path segments. Find those with `GET /customers?externalId=`.)
         * @example crm:48213
         */
        ExternalId: string;
        /**
         * @description With `true`, every check of a real write is made and answered with 200 or a refusal, and nothing is stored.
         * @example true
         */
        ValidateOnly: boolean;
        /**
         * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
         *     malformed value is refused with 400.
         * @example "3"
         */
        IfMatch: string;
        /**
         * @description Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
         *     malformed value is refused with 400.
         * @example "3"
         */
        IfNoneMatch: string;
        /**
         * @description Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none. A
         *     malformed value is refused with 400.
         * @example "2"
         */
        IfNoneMatchOnWrite: string;
        /**
         * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
         *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
         *     header, the answer is always the newest state. See "Reading from a replica" above.
         * @example 48291
         */
        MinFeedPosition: components["schemas"]["FeedPosition"];
        /**
         * @description Makes the request safe to repeat: use a new key for each intended write, and the same key for each retry of
         *     it. 1 to 255 visible ASCII characters, such as a UUID.
         * @example 9b2f6c1e-4a57-4d0f-8f1b-6a3f6f0f2f11
         */
        IdempotencyKey: string;
        /**
         * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
         *     value is ignored and replaced by a new UUID.
         * @example checkout-7f3a:42
         */
        RequestId: string;
        /**
         * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
         * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
         */
        Traceparent: string;
    };
    requestBodies: never;
    headers: {
        /**
         * @description The id of this request, yours if it was well-formed. Quote it when you report a fault.
         * @example 0198c5a4-03d7-7a55-8c11-2f6de0b7a941
         */
        "X-Request-Id": components["schemas"]["RequestId"];
        /**
         * @description The strong entity tag of the customer's current version, for `If-Match` and `If-None-Match`.
         * @example "1"
         */
        ETag: components["schemas"]["EntityTag"];
        /**
         * @description The strong entity tag of this page, for `If-None-Match`.
         * @example "pZ3kQ0vE9d5nWc1bXg7TtA"
         */
        "List-ETag": string;
        /**
         * @description A shared cache must not store it. A private cache may, but must revalidate with `If-None-Match`.
         * @example private, no-cache
         */
        "Cache-Control": string;
        /**
         * @description The answer is personal data and out of date after the next change, so no cache may store it.
         * @example no-store
         */
        "No-Store": string;
        /**
         * @description The path of the new customer.
         * @example /customers/0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
         */
        Location: string;
        /**
         * @description A position in the change feed at or after this write: a reader that has read up to here has seen it. Send it
         *     as `after` of `GET /changes` to get later changes.
         * @example 48291
         */
        "Feed-Position": components["schemas"]["FeedPosition"];
        /**
         * @description The methods that this path has.
         * @example GET, HEAD, PUT, PATCH, DELETE
         */
        Allow: string;
        /**
         * @description How to authenticate (RFC 6750).
         * @example Bearer realm="customers"
         */
        "WWW-Authenticate": string;
        /**
         * @description Which scope is missing (RFC 6750). Absent where the credential is not the reason.
         * @example Bearer realm="customers", error="insufficient_scope", scope="customers:write"
         */
        "Missing-Scope": string;
        /**
         * @description What is left of the limit in `RateLimit-Policy`: `r` requests, and `t` seconds until more are available.
         *     Absent where no limit applies. (draft-ietf-httpapi-ratelimit-headers-11)
         * @example "requests";r=5999;t=1
         */
        RateLimit: string;
        /**
         * @description Your limit: `q` requests in `w` seconds, in each process that serves this API. Absent where there is no limit.
         * @example "requests";q=6000;w=60
         */
        "RateLimit-Policy": string;
        /**
         * @description Seconds to wait before trying again.
         * @example 2
         */
        "Retry-After": number;
        /**
         * @description The media types that this operation reads.
         * @example application/json
         */
        Accept: string;
        /**
         * @description The media types that this operation reads.
         * @example application/merge-patch+json, application/json
         */
        "Accept-Patch": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listCustomers: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of customers in one page; 20 by default.
                 * @example 50
                 */
                limit?: number;
                /**
                 * @description The `nextCursor` of the previous page, unchanged, with the same filters and sort. Opaque. A cursor that is
                 *     damaged or belongs to another query is refused with 400 `invalid_cursor`.
                 * @example kq3S1xw0b7TnV5c2Ue9YhAJmZr8fDgLi4oXtPvE6sWQ
                 */
                cursor?: components["schemas"]["PageCursor"];
                /**
                 * @description The sort order; `-createdAt` by default. A leading `-` sorts in descending order. `name` ignores case and
                 *     accents and compares the first 100 characters. Ties are broken by id for `name`, otherwise by the order of
                 *     creation. With `q`, only `createdAt` and `-createdAt` are allowed.
                 * @example name
                 */
                sort?: "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" | "name" | "-name";
                /**
                 * @description Only customers with one of these ids, at most 100, separated by commas.
                 * @example [
                 *       "0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37",
                 *       "0198c5a2-9e04-7f61-8a2b-c3d4e5f60718"
                 *     ]
                 */
                id?: components["schemas"]["CustomerId"][];
                /**
                 * @description Only customers with this email, ignoring case; at most one of them is live.
                 * @example zoe.mueller@example.com
                 */
                email?: string;
                /**
                 * @description Only customers with this phone number, in E.164. Write its `+` as `%2B`.
                 * @example +493023125014
                 */
                phone?: string;
                /**
                 * @description Only customers with this externalId; at most one of them is live.
                 * @example crm:48213
                 */
                externalId?: string;
                /**
                 * @description Only customers with this status.
                 * @example active
                 */
                status?: components["parameters"]["StatusFilter"];
                /**
                 * @description Only customers of this type.
                 * @example organization
                 */
                type?: components["parameters"]["TypeFilter"];
                /**
                 * @description Only customers that carry exactly this tag.
                 * @example wholesale
                 */
                tag?: components["parameters"]["TagFilter"];
                /**
                 * @description Only customers created at this instant or later. Write the `+` of an offset as `%2B`.
                 * @example 2026-01-01T00:00:00Z
                 */
                createdAfter?: components["parameters"]["CreatedAfter"];
                /**
                 * @description Only customers created before this instant. Write the `+` of an offset as `%2B`.
                 * @example 2026-07-01T00:00:00+02:00
                 */
                createdBefore?: components["parameters"]["CreatedBefore"];
                /**
                 * @description Only customers last changed at this instant or later. Write the `+` of an offset as `%2B`.
                 * @example 2026-06-30T22:15:00.250Z
                 */
                updatedAfter?: components["parameters"]["UpdatedAfter"];
                /**
                 * @description Only customers last changed before this instant. Write the `+` of an offset as `%2B`.
                 * @example 2026-08-01T00:00:00Z
                 */
                updatedBefore?: components["parameters"]["UpdatedBefore"];
                /**
                 * @description Only customers whose name, email, phone or externalId contains this text. Case, accents and invisible
                 *     characters are ignored: `strasse` finds `Straße`, `lodz` finds `Łódź`. There are no wildcards. A search
                 *     finds every completed write. Combine it with any filters, and with `sort=createdAt` or `-createdAt`, which
                 *     mean the order of creation. Three or more characters use an index. One or two characters are searched by a
                 *     scan; if the scan exceeds the deadline of a request, the answer is 503 `search_too_broad`. Write a `+` as
                 *     `%2B`.
                 * @example muller
                 */
                q?: string;
                /**
                 * @description With `true`, deleted customers are listed too. Their `deletedAt` is not null.
                 * @example true
                 */
                includeDeleted?: components["parameters"]["IncludeDeleted"];
                /**
                 * @description With `true`, the page also has the number of all matching customers: `total`, exact up to 10,000, and
                 *     `totalIsExact`. Counting takes time, so ask once and not with every page.
                 * @example true
                 */
                includeTotal?: boolean;
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
                 *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
                 *     header, the answer is always the newest state. See "Reading from a replica" above.
                 * @example 48291
                 */
                "Min-Feed-Position"?: components["parameters"]["MinFeedPosition"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of customers, possibly empty. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["List-ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    /**
                     * @description The URL of the next page, with `rel="next"`. Absent on the last page.
                     * @example </customers?limit=2&cursor=kq3S1xw0b7TnV5c2Ue9YhAJmZr8fDgLi4oXtPvE6sWQ>; rel="next"
                     */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerList"];
                };
            };
            304: components["responses"]["ListNotModified"];
            400: components["responses"]["BadListRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["ListUnavailable"];
        };
    };
    createCustomer: {
        parameters: {
            query?: {
                /**
                 * @description With `true`, every check of a real write is made and answered with 200 or a refusal, and nothing is stored.
                 * @example true
                 */
                validateOnly?: components["parameters"]["ValidateOnly"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Makes the request safe to repeat: use a new key for each intended write, and the same key for each retry of
                 *     it. 1 to 255 visible ASCII characters, such as a UUID.
                 * @example 9b2f6c1e-4a57-4d0f-8f1b-6a3f6f0f2f11
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The new customer. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["CustomerCreate"];
            };
        };
        responses: {
            /**
             * @description Only with `validateOnly=true`: the customer that would have been created. Nothing was stored. A real
             *     creation has another id and other times.
             */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            /** @description Created. `Location` is the URL of the new customer. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Feed-Position": components["headers"]["Feed-Position"];
                    /**
                     * @description Present when this is the kept answer to an earlier request with the same `Idempotency-Key`.
                     * @example true
                     */
                    "Idempotency-Replayed"?: components["schemas"]["Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["MalformedBody"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictOrKeyInUse"];
            410: components["responses"]["AnswerGone"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidBodyOrKeyReused"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportCustomers: {
        parameters: {
            query?: {
                /**
                 * @description Only customers with this status.
                 * @example active
                 */
                status?: components["parameters"]["StatusFilter"];
                /**
                 * @description Only customers of this type.
                 * @example organization
                 */
                type?: components["parameters"]["TypeFilter"];
                /**
                 * @description Only customers that carry exactly this tag.
                 * @example wholesale
                 */
                tag?: components["parameters"]["TagFilter"];
                /**
                 * @description Only customers created at this instant or later. Write the `+` of an offset as `%2B`.
                 * @example 2026-01-01T00:00:00Z
                 */
                createdAfter?: components["parameters"]["CreatedAfter"];
                /**
                 * @description Only customers created before this instant. Write the `+` of an offset as `%2B`.
                 * @example 2026-07-01T00:00:00+02:00
                 */
                createdBefore?: components["parameters"]["CreatedBefore"];
                /**
                 * @description Only customers last changed at this instant or later. Write the `+` of an offset as `%2B`.
                 * @example 2026-06-30T22:15:00.250Z
                 */
                updatedAfter?: components["parameters"]["UpdatedAfter"];
                /**
                 * @description Only customers last changed before this instant. Write the `+` of an offset as `%2B`.
                 * @example 2026-08-01T00:00:00Z
                 */
                updatedBefore?: components["parameters"]["UpdatedBefore"];
                /**
                 * @description With `true`, deleted customers are listed too. Their `deletedAt` is not null.
                 * @example true
                 */
                includeDeleted?: components["parameters"]["IncludeDeleted"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
                 *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
                 *     header, the answer is always the newest state. See "Reading from a replica" above.
                 * @example 48291
                 */
                "Min-Feed-Position"?: components["parameters"]["MinFeedPosition"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customers, possibly none. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /**
                     * @description The position in the change feed before the first line was read. A reader that follows the feed from
                     *     here misses no change.
                     * @example 48291
                     */
                    "Feed-Position": components["schemas"]["FeedPosition"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadExportRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    importCustomers: {
        parameters: {
            query?: {
                /**
                 * @description With `true`, every check of a real write is made and answered with 200 or a refusal, and nothing is stored.
                 * @example true
                 */
                validateOnly?: components["parameters"]["ValidateOnly"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The customers: at least one line, in any number, each at most 64 kB. Empty lines are skipped. */
        requestBody: {
            content: {
                "application/x-ndjson": string;
                "text/csv": string;
            };
        };
        responses: {
            /**
             * @description The results, one a line, in the order of the uploaded lines. A reply that ends normally covers all lines.
             *     If the connection breaks earlier, the lines with a result are stored, and some of the next 128 might be.
             */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadImport"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidImport"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCustomer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
                 *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
                 *     header, the answer is always the newest state. See "Reading from a replica" above.
                 * @example 48291
                 */
                "Min-Feed-Position"?: components["parameters"]["MinFeedPosition"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            410: components["responses"]["CustomerGone"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceCustomer: {
        parameters: {
            query?: {
                /**
                 * @description With `true`, every check of a real write is made and answered with 200 or a refusal, and nothing is stored.
                 * @example true
                 */
                validateOnly?: components["parameters"]["ValidateOnly"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description `*` creates the customer only if the id is unused, else 412. Entity tags ask that the current version be
                 *     none of them.
                 * @example *
                 */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        /** @description The whole customer, as it should be stored. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["CustomerReplace"];
            };
        };
        responses: {
            200: components["responses"]["CustomerStored"];
            /** @description Created under the id of the request, which was unused. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Feed-Position": components["headers"]["Feed-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["MalformedBodyOrPrecondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            410: components["responses"]["CustomerGone"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidBody"];
            428: components["responses"]["PreconditionRequired"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteCustomer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none. A
                 *     malformed value is refused with 400.
                 * @example "2"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatchOnWrite"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Feed-Position": components["headers"]["Feed-Position"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            410: components["responses"]["CustomerGone"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            428: components["responses"]["PreconditionRequired"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateCustomer: {
        parameters: {
            query?: {
                /**
                 * @description With `true`, every check of a real write is made and answered with 200 or a refusal, and nothing is stored.
                 * @example true
                 */
                validateOnly?: components["parameters"]["ValidateOnly"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none. A
                 *     malformed value is refused with 400.
                 * @example "2"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatchOnWrite"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        /** @description The members to change. Both media types mean the same. */
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["CustomerUpdate"];
                "application/json": components["schemas"]["CustomerUpdate"];
            };
        };
        responses: {
            200: components["responses"]["CustomerStored"];
            400: components["responses"]["MalformedBodyOrPrecondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            410: components["responses"]["CustomerGone"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["UnsupportedPatchType"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidBody"];
            428: components["responses"]["PreconditionRequired"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    restoreCustomer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none. A
                 *     malformed value is refused with 400.
                 * @example "2"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatchOnWrite"];
                /**
                 * @description Makes the request safe to repeat: use a new key for each intended write, and the same key for each retry of
                 *     it. 1 to 255 visible ASCII characters, such as a UUID.
                 * @example 9b2f6c1e-4a57-4d0f-8f1b-6a3f6f0f2f11
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer, live again. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /**
                     * @description The strong entity tag of the customer's current version, for `If-Match` and `If-None-Match`.
                     * @example "5"
                     */
                    ETag: components["schemas"]["EntityTag"];
                    "Feed-Position": components["headers"]["Feed-Position"];
                    /**
                     * @description Present when this is the kept answer to an earlier request with the same `Idempotency-Key`.
                     * @example true
                     */
                    "Idempotency-Replayed"?: components["schemas"]["Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["BadPrecondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictOrKeyInUse"];
            410: components["responses"]["CustomerGone"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidParameterOrKeyReused"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCustomerHistory: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries in one page; 20 by default.
                 * @example 50
                 */
                limit?: number;
                /**
                 * @description The `nextCursor` of the previous page, unchanged. Opaque. A cursor that is damaged or belongs to the
                 *     history of another customer is refused with 400 `invalid_cursor`.
                 * @example kq3S1xw0b7TnV5c2Ue9YhAJmZr8fDgLi4oXtPvE6sWQ
                 */
                cursor?: components["schemas"]["PageCursor"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
                 *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
                 *     header, the answer is always the newest state. See "Reading from a replica" above.
                 * @example 48291
                 */
                "Min-Feed-Position"?: components["parameters"]["MinFeedPosition"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of the history; empty if retention has removed all of it. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Cache-Control": components["headers"]["No-Store"];
                    /**
                     * @description The URL of the next page, with `rel="next"`. Absent on the last page.
                     * @example </customers/0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37/history?cursor=kq3S1xw0b7TnV5c2Ue9YhAJmZr8fDgLi4oXtPvE6sWQ>; rel="next"
                     */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerHistory"];
                };
            };
            400: components["responses"]["BadHistoryRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    listChanges: {
        parameters: {
            query?: {
                /**
                 * @description Only changes after this position: the `next` of a page, the `id` of a change, or the `Feed-Position` of a
                 *     write or an export. `latest` is the end of the feed: only future changes. When absent, the feed begins
                 *     with the oldest change that is kept.
                 * @example 48291
                 */
                after?: string;
                /**
                 * @description The maximum number of changes in one page; 100 by default. An event stream has no pages.
                 * @example 50
                 */
                limit?: number;
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description For an event stream: the last `id` received. Browsers send it when they reconnect. It takes precedence
                 *     over `after`, and has no effect on a page.
                 * @example 48291
                 */
                "Last-Event-ID"?: components["schemas"]["FeedPosition"];
                /**
                 * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
                 *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
                 *     header, the answer is always the newest state. See "Reading from a replica" above.
                 * @example 48291
                 */
                "Min-Feed-Position"?: components["parameters"]["MinFeedPosition"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of changes, possibly empty; or a stream of them. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Cache-Control": components["headers"]["No-Store"];
                    /**
                     * @description With an event stream, `no`, so that nginx passes each event on at once.
                     * @example no
                     */
                    "X-Accel-Buffering"?: "no";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangePage"];
                    "text/event-stream": components["schemas"]["ChangeStream"];
                };
            };
            400: components["responses"]["BadFeedRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            410: components["responses"]["FeedPositionGone"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    eraseCustomer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Makes the request safe to repeat: use a new key for each intended write, and the same key for each retry of
                 *     it. 1 to 255 visible ASCII characters, such as a UUID.
                 * @example 9b2f6c1e-4a57-4d0f-8f1b-6a3f6f0f2f11
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The customer's id, a UUID in lower case.
                 * @example 0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37
                 */
                customerId: components["parameters"]["CustomerId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Erased; the receipt, the same each time. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Feed-Position": components["headers"]["Feed-Position"];
                    /**
                     * @description Present when this is the kept answer to an earlier request with the same `Idempotency-Key`.
                     * @example true
                     */
                    "Idempotency-Replayed"?: components["schemas"]["Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureReceipt"];
                };
            };
            400: components["responses"]["BadPrecondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CustomerNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["KeyInUse"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidParameterOrKeyReused"];
            428: components["responses"]["PreconditionRequired"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCustomerByExternalId: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /**
                 * @description The oldest acceptable state, as a position of the change feed: the `Feed-Position` of your last write. A
                 *     service with a read replica may then answer from the replica, and you still read your own writes. Without this
                 *     header, the answer is always the newest state. See "Reading from a replica" above.
                 * @example 48291
                 */
                "Min-Feed-Position"?: components["parameters"]["MinFeedPosition"];
            };
            path: {
                /**
                 * @description The customer's id in one of your systems. (`.` and `..` cannot be used in a path, because clients resolve them
                 *     as path segments. Find those with `GET /customers?externalId=`.)
                 * @example crm:48213
                 */
                externalId: components["parameters"]["ExternalId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["BadExternalIdRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ExternalIdNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            417: components["responses"]["ExpectationFailed"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
    upsertCustomerByExternalId: {
        parameters: {
            query?: {
                /**
                 * @description With `true`, every check of a real write is made and answered with 200 or a refusal, and nothing is stored.
                 * @example true
                 */
                validateOnly?: components["parameters"]["ValidateOnly"];
            };
            header?: {
                /**
                 * @description Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any other
                 *     value is ignored and replaced by a new UUID.
                 * @example checkout-7f3a:42
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /**
                 * @description The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["Traceparent"];
                /**
                 * @description Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists. A
                 *     malformed value is refused with 400.
                 * @example "3"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description `*` creates the customer only if none holds the externalId, else 412. Entity tags ask that the current
                 *     version be none of them.
                 * @example *
                 */
                "If-None-Match"?: string;
                /**
                 * @description Makes the request safe to repeat: use a new key for each intended write, and the same key for each retry of
                 *     it. 1 to 255 visible ASCII characters, such as a UUID.
                 * @example 9b2f6c1e-4a57-4d0f-8f1b-6a3f6f0f2f11
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The customer's id in one of your systems. (`.` and `..` cannot be used in a path, because clients resolve them
                 *     as path segments. Find those with `GET /customers?externalId=`.)
                 * @example crm:48213
                 */
                externalId: components["parameters"]["ExternalId"];
            };
            cookie?: never;
        };
        /** @description The whole customer, as it should be stored. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["CustomerReplace"];
            };
        };
        responses: {
            /**
             * @description The customer after the request, replaced or unchanged. With `validateOnly=true`, the customer that would
             *     be stored, replaced or created: nothing was stored, and `ETag` and `Feed-Position` are absent.
             */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /**
                     * @description The strong entity tag of the customer's current version. Absent with `validateOnly=true`.
                     * @example "2"
                     */
                    ETag?: components["schemas"]["EntityTag"];
                    /**
                     * @description A position in the change feed at or after this write: a reader that has read up to here has seen it.
                     *     Absent with `validateOnly=true`.
                     * @example 48307
                     */
                    "Feed-Position"?: components["schemas"]["FeedPosition"];
                    /**
                     * @description Present when this is the kept answer to an earlier request with the same `Idempotency-Key`.
                     * @example true
                     */
                    "Idempotency-Replayed"?: components["schemas"]["Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            /** @description Created, because no live customer had the externalId. `Location` is its URL by id. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Feed-Position": components["headers"]["Feed-Position"];
                    /**
                     * @description Present when this is the kept answer to an earlier request with the same `Idempotency-Key`.
                     * @example true
                     */
                    "Idempotency-Replayed"?: components["schemas"]["Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["MalformedBodyOrPrecondition"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            406: components["responses"]["NotAcceptable"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["EmailTakenOrKeyInUse"];
            410: components["responses"]["AnswerGone"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["UnsupportedMediaType"];
            417: components["responses"]["ExpectationFailed"];
            422: components["responses"]["InvalidBodyOrKeyReused"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            503: components["responses"]["Unavailable"];
        };
    };
}
