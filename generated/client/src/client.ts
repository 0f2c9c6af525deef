// Generated from openapi.yaml by `npm run generate`. Never edited.

import type { Call } from './call.ts';
import { followEvents } from './follow.ts';
import { parseLines } from './lines.ts';
import type { InHand, Unconditional } from './operation.ts';
import { operations } from './operations.ts';
import type {
  ListCustomersOptions,
  CreateCustomerOptions,
  ExportCustomersOptions,
  ImportCustomersOptions,
  GetCustomerOptions,
  ReplaceCustomerOptions,
  UpdateCustomerOptions,
  DeleteCustomerOptions,
  RestoreCustomerOptions,
  GetCustomerHistoryOptions,
  ListChangesOptions,
  EraseCustomerOptions,
  GetCustomerByExternalIdOptions,
  UpsertCustomerByExternalIdOptions,
} from './options.ts';
import type { Pages } from './pages.ts';
import type { Stream } from './stream.ts';
import { type ClientOptions, Transport } from './transport.ts';
import type {
  Customer,
  CustomerCreate,
  CustomerReplace,
  CustomerUpdate,
  CustomerImport,
  ImportResult,
  CustomerList,
  CustomerHistory,
  HistoryEntry,
  ChangePage,
  ChangeEvent,
  ErasureReceipt,
  CustomerId,
} from './types.ts';
import type { Upload } from './upload.ts';

/** A client of Customers 0.1.0: every operation of the contract by its operationId. */
export class CustomersClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

  /**
   * List customers.
   *
   * Answers one page of the customers that match **all** given filters, newest first unless `sort` says
   * otherwise. Deleted customers are left out unless `includeDeleted=true`. A filter that nothing matches is
   * an empty page, not an error. Use it also to find a customer by a unique key: `?email=` and `?externalId=`
   * give at most one that is live.
   *
   * Needs the scope `customers:read`.
   */
  listCustomers(options?: Unconditional<ListCustomersOptions>): Pages<CustomerList, Customer>;
  /** With `ifNoneMatch`: undefined where nothing has changed (304). */
  listCustomers(options: ListCustomersOptions): Call<CustomerList | undefined>;
  listCustomers(options: ListCustomersOptions = {}): Call<CustomerList | undefined> | Pages<CustomerList, Customer> {
    if (options.ifNoneMatch === undefined) return this.#transport.pages<CustomerList, Customer>(operations.listCustomers, { options });
    return this.#transport.json<CustomerList | undefined>(operations.listCustomers, { options });
  }

  /**
   * Create a customer.
   *
   * Creates a customer under a new id. Absent members are empty; `type` is then `person` and `status` is
   * `active`. To choose the id yourself, use PUT with `If-None-Match: *`. Send an `Idempotency-Key` so that a
   * retry after a lost answer does not create a second customer.
   *
   * Refused with 409 if another live customer has the email (`email_taken`) or the externalId
   * (`external_id_taken`).
   *
   * Needs the scope `customers:write`.
   *
   * Safe to retry: each call has an `Idempotency-Key` of its own, unless you give one.
   */
  createCustomer(body: CustomerCreate, options: CreateCustomerOptions = {}): Call<Customer> {
    return this.#transport.json<Customer>(operations.createCustomer, { body, options });
  }

  /**
   * Export customers.
   *
   * Answers all customers that match **all** given filters, one a line in the order of their creation, as
   * NDJSON or, with `Accept: text/csv`, as CSV; see "Import and export" above. Deleted customers are left out
   * unless `includeDeleted=true`. The reply is streamed and may take as long as you need to read it; one that
   * ends early is cut off, without the end of its last chunk.
   *
   * It is no snapshot of one instant: customers changed meanwhile may be answered as they were or as they
   * are. `Feed-Position` was taken before the first line was read, so that the lines, followed by the changes
   * after that position, are complete.
   *
   * Needs the scope `customers:bulk`.
   */
  exportCustomers(options?: ExportCustomersOptions & { readonly accept?: undefined }): Stream<Customer>;
  /** As text of the media type that `accept` names, in pieces cut where they happen to arrive. */
  exportCustomers(options: ExportCustomersOptions & { readonly accept: 'text/csv' }): Stream<string>;
  exportCustomers(options: ExportCustomersOptions & { readonly accept?: string | undefined } = {}): Stream<Customer> | Stream<string> {
    const { accept } = options;
    if (accept === undefined) return this.#transport.stream(operations.exportCustomers, { options }, parseLines<Customer>);
    return this.#transport.stream(operations.exportCustomers, { options, accept }, (pieces) => pieces);
  }

  /**
   * Import customers.
   *
   * Takes customers as NDJSON or CSV, one a line, and answers a result for each line while the upload still
   * runs; see "Import and export" above. A line **merges** into the live customer with its `id`, or without
   * one into that with its `externalId`: what is absent stays, null or an empty cell clears. Where there is
   * none, the line creates the customer, under its `id` if it has one. `version`, `etag` and the times, as an
   * export has them, are ignored.
   *
   * A line that is refused is told so in its result and never stops the rest. Lines take effect in their
   * order; each is stored when its result arrives, and stays if the upload breaks off. Sending the same again
   * changes nothing: repeat it whole after a broken connection. An `Idempotency-Key` is therefore refused
   * (400), and `If-Match` means nothing here.
   *
   * With `validateOnly=true` each line is decided by itself against what is stored, and nothing is.
   *
   * Needs the scope `customers:bulk`.
   */
  importCustomers(lines: Iterable<CustomerImport> | AsyncIterable<CustomerImport>, options?: ImportCustomersOptions): Stream<ImportResult>;
  /** Text or bytes as they are, whole or in pieces, of the media type that `contentType` names. */
  importCustomers(
    body: string | Uint8Array | Blob | AsyncIterable<string | Uint8Array>,
    options: ImportCustomersOptions & { readonly contentType: 'application/x-ndjson' | 'text/csv' },
  ): Stream<ImportResult>;
  importCustomers(body: Upload, options: ImportCustomersOptions & { readonly contentType?: string } = {}): Stream<ImportResult> {
    const { contentType } = options;
    const input = { body, options, ...(contentType === undefined ? {} : { contentType }) };
    return this.#transport.stream(operations.importCustomers, input, parseLines<ImportResult>);
  }

  /**
   * Get a customer.
   *
   * Answers the customer as it is now, with its entity tag. It reads its own writes: a change that was
   * acknowledged is seen. 404 if there never was such a customer, 410 if it was deleted.
   *
   * Needs the scope `customers:read`.
   */
  getCustomer(customer: CustomerId | InHand, options?: Unconditional<GetCustomerOptions>): Call<Customer>;
  /** With `ifNoneMatch`: undefined where nothing has changed (304). */
  getCustomer(customer: CustomerId | InHand, options: GetCustomerOptions): Call<Customer | undefined>;
  getCustomer(customer: CustomerId | InHand, options: GetCustomerOptions = {}): Call<Customer | undefined> | Call<Customer> {
    return this.#transport.json<Customer | undefined>(operations.getCustomer, { path: [customer], options }) as Call<Customer>;
  }

  /**
   * Replace a customer, or create it under a chosen id.
   *
   * Replaces everything that a caller may set: absent members become empty, and `type` and `status` go back
   * to `person` and `active`. To change some members only, use PATCH. A replacement that changes nothing
   * answers 200 with the same version.
   *
   * With `If-Match`, only the named version is replaced, else 412. With `If-None-Match: *`, the customer is
   * created under this id (201), and one that exists is never overwritten (412). With neither, an unused id
   * is 404.
   *
   * Refused with 409 if another live customer has the email or the externalId, with 410 if the customer was
   * deleted, and with 428 if the service demands `If-Match` and neither it nor `If-None-Match: *` is sent.
   *
   * Needs the scope `customers:write`.
   *
   * Given the customer as it was read, its `etag` goes as `If-Match`: 412 where somebody changed it since.
   * Given its id alone, whatever version there is is meant.
   *
   * A customer that was read can be spread into the body: id, version, etag, createdAt, updatedAt, deletedAt
   * are left out of it.
   */
  replaceCustomer(customer: CustomerId | InHand, body: CustomerReplace, options: ReplaceCustomerOptions = {}): Call<Customer> {
    return this.#transport.json<Customer>(operations.replaceCustomer, { path: [customer], body, options });
  }

  /**
   * Change some members of a customer.
   *
   * Changes only the members that are sent (JSON Merge Patch, RFC 7396). Absent keeps; `null` clears: an
   * optional text or the address becomes null, `tags` becomes `[]`, `metadata` becomes `{}`. Inside `address`
   * and `metadata` the same holds for each member, so `{"metadata": {"tier": null}}` removes one key and
   * keeps the others. `tags` is replaced as a whole. `name`, `type` and `status` cannot be cleared (422). A
   * patch that changes nothing answers 200 with the same version.
   *
   * Refused with 409 if another live customer has the email or the externalId, with 410 if the customer was
   * deleted, with 412 if `If-Match` names another version, and with 428 if the service demands `If-Match` and
   * it is missing.
   *
   * Needs the scope `customers:write`.
   *
   * Given the customer as it was read, its `etag` goes as `If-Match`: 412 where somebody changed it since.
   * Given its id alone, whatever version there is is meant.
   */
  updateCustomer(customer: CustomerId | InHand, body: CustomerUpdate, options: UpdateCustomerOptions = {}): Call<Customer> {
    return this.#transport.json<Customer>(operations.updateCustomer, { path: [customer], body, options });
  }

  /**
   * Delete a customer.
   *
   * Deletes the customer so that it can be restored: from now on it answers 410, lists leave it out, and its
   * email and externalId are free for others. The deletion is a version of its own.
   *
   * Refused with 410 if it is deleted already, with 412 if `If-Match` names another version, and with 428 if
   * the service demands `If-Match` and it is missing.
   *
   * Needs the scope `customers:write`.
   *
   * Given the customer as it was read, its `etag` goes as `If-Match`: 412 where somebody changed it since.
   * Given its id alone, whatever version there is is meant.
   */
  deleteCustomer(customer: CustomerId | InHand, options: DeleteCustomerOptions = {}): Call<void> {
    return this.#transport.json<void>(operations.deleteCustomer, { path: [customer], options });
  }

  /**
   * Restore a deleted customer.
   *
   * Brings a deleted customer back with everything it had, as a new version. One that is live is answered as
   * it is, unchanged. The request has no body.
   *
   * Refused with 409 if another live customer took the email (`email_taken`) or the externalId
   * (`external_id_taken`) meanwhile: change that one first. Refused with 410 if the customer is gone for
   * good, and with 412 if `If-Match` names another version than that of the deletion, as a list with
   * `includeDeleted=true` shows it.
   *
   * Needs the scope `customers:write`.
   *
   * Safe to retry: each call has an `Idempotency-Key` of its own, unless you give one.
   */
  restoreCustomer(customer: CustomerId | InHand, options: RestoreCustomerOptions = {}): Call<Customer> {
    return this.#transport.json<Customer>(operations.restoreCustomer, { path: [customer], options });
  }

  /**
   * Get a customer's history.
   *
   * Answers one page of what became of the customer, newest first: an entry for each version, with who made
   * it, when, on which request, and each changed field with its values before and after. A creation shows
   * every field that it filled. A deleted customer has its history as before, an erased one too, with
   * `redacted` entries.
   *
   * 404 only if there never was such a customer.
   *
   * Needs the scope `customers:read`.
   */
  getCustomerHistory(customer: CustomerId | InHand, options: GetCustomerHistoryOptions = {}): Pages<CustomerHistory, HistoryEntry> {
    return this.#transport.pages<CustomerHistory, HistoryEntry>(operations.getCustomerHistory, { path: [customer], options });
  }

  /**
   * Follow the changes of all customers.
   *
   * Answers changes of customers in the order of their commits, oldest first, each a CloudEvent (version
   * 1.0).
   *
   * As `application/json`: one page, at once. Pass its `next` back as `after`, also when the page was empty:
   * it is never null. A page that is not full reaches to the end of the feed.
   *
   * As `text/event-stream`: the changes after the position, and then each new one when it is committed, until
   * either side ends the connection. Of each event `id` is the position, `event` the type and `data` the
   * CloudEvent. The stream begins with an `id` alone, the position that it begins at, so that whoever
   * reconnects with `Last-Event-ID` misses nothing even if no change came. Comments keep the connection
   * alive. A client that does not read is cut off. When the service stops, the stream ends: connect again.
   *
   * Delivery is at least once: no change is left out, and after a reconnection some may come again. A
   * position that retention has passed is 410 `feed_position_gone`: the changes after it are not all there
   * any more. One that lies ahead of the feed is 400 `feed_position_ahead`: this is not the database that it
   * came from, such as one that was restored from a backup. In both cases read all customers anew, and follow
   * from the position of that.
   *
   * Needs the scope `changes:read`.
   */
  listChanges(options: ListChangesOptions = {}): Pages<ChangePage, ChangeEvent> {
    return this.#transport.pages<ChangePage, ChangeEvent>(operations.listChanges, { options });
  }

  /**
   * `listChanges` as it happens: each new item when it is committed, without end, each once and in order,
   * over as many connections as it takes. It ends by `signal`, by leaving the loop, or with a refusal that
   * waiting does not mend. `retriesMax` bounds failures in a row, and is unlimited when absent.
   */
  followChanges(options: Omit<ListChangesOptions, 'limit'> = {}): AsyncGenerator<ChangeEvent, void, undefined> {
    return followEvents<ChangeEvent>(this.#transport, operations.listChanges, options);
  }

  /**
   * Erase a customer for good.
   *
   * Removes all that is known of the customer, live or deleted, in its present version and in every earlier
   * one (the right to erasure, GDPR article 17), and answers a receipt of what was removed. It cannot be
   * undone: the customer is 410 from now on, cannot be restored, and is in no list, also not with
   * `includeDeleted=true`. Its history keeps when, by whom and on which request it was changed, without what;
   * its email and externalId are free for others. The request has no body.
   *
   * Repeating it answers the same receipt, whatever `If-Match` says by then. 503 says whether the customer is
   * erased already: if it is, but a reader holds the database's log, the receipt waits for that reader;
   * repeat the request.
   *
   * Refused with 412 if `If-Match` names another version, and with 428 if the service demands `If-Match` and
   * it is missing.
   *
   * Needs the scope `customers:erase`.
   *
   * Given the customer as it was read, its `etag` goes as `If-Match`: 412 where somebody changed it since.
   * Given its id alone, whatever version there is is meant.
   *
   * Safe to retry: each call has an `Idempotency-Key` of its own, unless you give one.
   */
  eraseCustomer(customer: CustomerId | InHand, options: EraseCustomerOptions = {}): Call<ErasureReceipt> {
    return this.#transport.json<ErasureReceipt>(operations.eraseCustomer, { path: [customer], options });
  }

  /**
   * Get the customer with an externalId.
   *
   * Answers the live customer that holds the externalId, as it is now, with its entity tag. 404 if none does;
   * a deleted customer has given its externalId up.
   *
   * Needs the scope `customers:read`.
   */
  getCustomerByExternalId(externalId: string, options?: Unconditional<GetCustomerByExternalIdOptions>): Call<Customer>;
  /** With `ifNoneMatch`: undefined where nothing has changed (304). */
  getCustomerByExternalId(externalId: string, options: GetCustomerByExternalIdOptions): Call<Customer | undefined>;
  getCustomerByExternalId(externalId: string, options: GetCustomerByExternalIdOptions = {}): Call<Customer | undefined> | Call<Customer> {
    return this.#transport.json<Customer | undefined>(operations.getCustomerByExternalId, { path: [externalId], options }) as Call<Customer>;
  }

  /**
   * Replace the customer with an externalId, or create it.
   *
   * Makes the customer with this externalId what the body says, in one round trip: the live customer that
   * holds the externalId is replaced (200), or one is created under a new id (201). However many do this at
   * once, one customer comes of it. As with every replacement, absent members become empty, and one that
   * changes nothing answers 200 with the same version.
   *
   * The body's `externalId` may be left out; if it is there, it must be that of the path (422). With
   * `If-Match`, only the named version is replaced and nothing is created, else 412. With `If-None-Match: *`,
   * it is only created, else 412.
   *
   * Refused with 409 `email_taken` if another live customer has the email; which one is not told.
   *
   * Needs the scope `customers:write`.
   *
   * A customer that was read can be spread into the body: id, version, etag, createdAt, updatedAt, deletedAt
   * are left out of it.
   *
   * Safe to retry: each call has an `Idempotency-Key` of its own, unless you give one.
   */
  upsertCustomerByExternalId(externalId: string, body: CustomerReplace, options: UpsertCustomerByExternalIdOptions = {}): Call<Customer> {
    return this.#transport.json<Customer>(operations.upsertCustomerByExternalId, { path: [externalId], body, options });
  }
}
