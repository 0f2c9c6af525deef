/** Why the database cannot be used, in one line that tells the operator what to do. */
export class StorageProblem extends Error {}

/** Another process serves the SQLite file. */
export class DatabaseInUse extends StorageProblem {}
