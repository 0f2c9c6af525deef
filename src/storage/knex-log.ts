/** Knex would print SQL with its values: what matters reaches us as an error anyway. */
export const quietLog = {
  warn() {},
  error() {},
  debug() {},
  deprecate() {},
};
