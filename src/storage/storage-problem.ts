/** Why the database cannot be used, in one line that tells the operator what to do. */
export class StorageProblem extends Error {}
