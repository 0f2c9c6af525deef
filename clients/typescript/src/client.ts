import { type JsonOf, operations } from './operations.ts';
import type {
  CreateCustomerOptions,
  DeleteCustomerOptions,
  EraseCustomerOptions,
  ExportCustomersOptions,
  GetCustomerByExternalIdOptions,
  GetCustomerHistoryOptions,
  GetCustomerOptions,
  ImportCustomersOptions,
  ListChangesOptions,
  ListCustomersOptions,
  OperationId,
  ReplaceCustomerOptions,
  RestoreCustomerOptions,
  Unconditional,
  UpdateCustomerOptions,
  UpsertCustomerByExternalIdOptions,
} from './options.ts';
import type { Call, CustomerRef, Pages } from './runtime/call.ts';
import { followEvents } from './runtime/follow.ts';
import { parseNdjson, type Stream } from './runtime/stream.ts';
import { type ClientOptions, Transport } from './runtime/transport.ts';
import type { Upload } from './runtime/upload.ts';
import type {
  ChangeEvent,
  ChangePage,
  Customer,
  CustomerCreate,
  CustomerHistory,
  CustomerId,
  CustomerImport,
  CustomerList,
  CustomerReplace,
  CustomerUpdate,
  ErasureReceipt,
  HistoryEntry,
  ImportResult,
} from './types.ts';

/**
 * One method for each operation of the contract, answering what the contract says. A missing one does not compile.
 */
type ContractMethods = {
  readonly [Id in OperationId]: (
    ...args: never[]
  ) => [JsonOf<Id>] extends [never] ? Call<void> | Stream<unknown> : Call<JsonOf<Id>>;
};

/** A client of the Customers service: one method for each operation of its contract. */
export class CustomersClient implements ContractMethods {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

  /** Lists the customers that match all filters, newest first. Await it for one page, or use `for await` for all. */
  listCustomers(options?: Unconditional<ListCustomersOptions>): Pages<CustomerList, Customer>;
  /** With `ifNoneMatch`: undefined if the list has not changed. */
  listCustomers(options: ListCustomersOptions): Call<CustomerList | undefined>;
  listCustomers(
    options: ListCustomersOptions = {},
  ): Call<CustomerList | undefined> | Pages<CustomerList, Customer> {
    if (options.ifNoneMatch === undefined)
      return this.#transport.pages<CustomerList, Customer>(operations.listCustomers, { options });
    return this.#transport.json(operations.listCustomers, { options });
  }

  /** Creates a customer under a new id. Fails with 409 if another customer has the email or externalId. */
  createCustomer(body: CustomerCreate, options: CreateCustomerOptions = {}): Call<Customer> {
    return this.#transport.json(operations.createCustomer, { body, options });
  }

  /**
   * Streams all customers that match the filters, oldest first. To follow later changes, start from the reply's
   * `feedPosition`.
   */
  exportCustomers(options?: ExportCustomersOptions & { readonly accept?: undefined }): Stream<Customer>;
  /** Streams CSV as text, in chunks of any size. */
  exportCustomers(options: ExportCustomersOptions & { readonly accept: 'text/csv' }): Stream<string>;
  exportCustomers({
    accept,
    ...options
  }: ExportCustomersOptions & { readonly accept?: string | undefined } = {}):
    | Stream<Customer>
    | Stream<string> {
    if (accept === undefined)
      return this.#transport.stream(operations.exportCustomers, { options }, parseNdjson<Customer>);
    return this.#transport.stream(operations.exportCustomers, { options, accept }, (texts) => texts);
  }

  /**
   * Imports customers and streams one result per line while the upload runs. A line updates the customer with its
   * `id` or `externalId`, or creates one. It is never retried: after a failure, import everything again.
   */
  importCustomers(
    lines: Iterable<CustomerImport> | AsyncIterable<CustomerImport>,
    options?: ImportCustomersOptions,
  ): Stream<ImportResult>;
  /** Imports text or bytes of the media type `contentType`. */
  importCustomers(
    body: string | Uint8Array | Blob | AsyncIterable<string | Uint8Array>,
    options: ImportCustomersOptions & { readonly contentType: 'application/x-ndjson' | 'text/csv' },
  ): Stream<ImportResult>;
  importCustomers(
    upload: Upload,
    { contentType, ...options }: ImportCustomersOptions & { readonly contentType?: string } = {},
  ): Stream<ImportResult> {
    const input = { upload, options, ...(contentType === undefined ? {} : { contentType }) };
    return this.#transport.stream(operations.importCustomers, input, parseNdjson<ImportResult>);
  }

  /** Gets a customer. Fails with 410 if it is deleted. */
  getCustomer(
    customer: CustomerId | CustomerRef,
    options?: Unconditional<GetCustomerOptions>,
  ): Call<Customer>;
  /** With `ifNoneMatch`: undefined if the customer has not changed. */
  getCustomer(customer: CustomerId | CustomerRef, options: GetCustomerOptions): Call<Customer | undefined>;
  getCustomer(customer: CustomerId | CustomerRef, options: GetCustomerOptions = {}): Call<Customer> {
    return this.#transport.json(operations.getCustomer, { path: [customer], options });
  }

  /**
   * Replaces a customer; absent members become empty. Pass the customer you read to fail with 412 if it has changed
   * since. Pass an id with `ifNoneMatch: '*'` to create it under that id.
   */
  replaceCustomer(
    customer: CustomerId | CustomerRef,
    body: CustomerReplace,
    options: ReplaceCustomerOptions = {},
  ): Call<Customer> {
    return this.#transport.json(operations.replaceCustomer, { path: [customer], body, options });
  }

  /**
   * Changes some members of a customer: absent keeps, null clears. Pass the customer you read to fail with 412 if it
   * has changed since.
   */
  updateCustomer(
    customer: CustomerId | CustomerRef,
    body: CustomerUpdate,
    options: UpdateCustomerOptions = {},
  ): Call<Customer> {
    return this.#transport.json(operations.updateCustomer, { path: [customer], body, options });
  }

  /** Deletes a customer, which can be restored. Pass the customer you read to fail with 412 if it has changed since. */
  deleteCustomer(customer: CustomerId | CustomerRef, options: DeleteCustomerOptions = {}): Call<void> {
    return this.#transport.json(operations.deleteCustomer, { path: [customer], options });
  }

  /** Restores a deleted customer. Fails with 409 if another customer now has its email or externalId. */
  restoreCustomer(customer: CustomerId | CustomerRef, options: RestoreCustomerOptions = {}): Call<Customer> {
    return this.#transport.json(operations.restoreCustomer, { path: [customer], options });
  }

  /** Lists who changed a customer, when and what, newest first. Deleted and erased customers keep their history. */
  getCustomerHistory(
    customer: CustomerId | CustomerRef,
    options: GetCustomerHistoryOptions = {},
  ): Pages<CustomerHistory, HistoryEntry> {
    return this.#transport.pages(operations.getCustomerHistory, { path: [customer], options });
  }

  /** Lists the changes of all customers up to now, oldest first, from the feed position `after`. */
  listChanges(options: ListChangesOptions = {}): Pages<ChangePage, ChangeEvent> {
    return this.#transport.pages(operations.listChanges, { options });
  }

  /**
   * Follows the changes of all customers as they are committed, each once and in order, and reconnects as needed. It
   * ends when `signal` is aborted, when you leave the loop, or when retries cannot help. `retriesMax` limits
   * consecutive failures and defaults to no limit.
   */
  followChanges(
    options: Omit<ListChangesOptions, 'limit'> = {},
  ): AsyncGenerator<ChangeEvent, void, undefined> {
    return followEvents(this.#transport, operations.listChanges, options);
  }

  /**
   * Erases a customer, its history and its stored replies for good (GDPR article 17). Pass the customer you read to
   * fail with 412 if it has changed since.
   */
  eraseCustomer(
    customer: CustomerId | CustomerRef,
    options: EraseCustomerOptions = {},
  ): Call<ErasureReceipt> {
    return this.#transport.json(operations.eraseCustomer, { path: [customer], options });
  }

  /** Gets the customer with your own id. */
  getCustomerByExternalId(
    externalId: string,
    options?: Unconditional<GetCustomerByExternalIdOptions>,
  ): Call<Customer>;
  /** With `ifNoneMatch`: undefined if the customer has not changed. */
  getCustomerByExternalId(
    externalId: string,
    options: GetCustomerByExternalIdOptions,
  ): Call<Customer | undefined>;
  getCustomerByExternalId(externalId: string, options: GetCustomerByExternalIdOptions = {}): Call<Customer> {
    return this.#transport.json(operations.getCustomerByExternalId, { path: [externalId], options });
  }

  /** Replaces the customer with your own id, or creates it. Absent members become empty. */
  upsertCustomerByExternalId(
    externalId: string,
    body: CustomerReplace,
    options: UpsertCustomerByExternalIdOptions = {},
  ): Call<Customer> {
    return this.#transport.json(operations.upsertCustomerByExternalId, { path: [externalId], body, options });
  }
}
