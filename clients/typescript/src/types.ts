import type { components } from './openapi.ts';

/** Every schema of the contract by its name, for those that have no alias here. */
export type Schemas = components['schemas'];

export type Customer = Schemas['Customer'];
export type CustomerId = Schemas['CustomerId'];
export type CustomerType = Schemas['CustomerType'];
export type CustomerStatus = Schemas['CustomerStatus'];
export type Address = Schemas['Address'];
export type Metadata = Schemas['Metadata'];

export type CustomerCreate = Schemas['CustomerCreate'];
export type CustomerReplace = Schemas['CustomerReplace'];
export type CustomerUpdate = Schemas['CustomerUpdate'];
export type CustomerImport = Schemas['CustomerImport'];
export type ImportResult = Schemas['ImportResult'];
export type ImportOutcome = Schemas['ImportOutcome'];

export type CustomerList = Schemas['CustomerList'];
export type CustomerHistory = Schemas['CustomerHistory'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type FieldChanges = Schemas['FieldChanges'];
export type ChangePage = Schemas['ChangePage'];
export type ChangeEvent = Schemas['ChangeEvent'];
export type ErasureReceipt = Schemas['ErasureReceipt'];

export type Problem = Schemas['Problem'];
export type ProblemCode = Schemas['ProblemCode'];
export type ProblemError = Schemas['ProblemError'];
